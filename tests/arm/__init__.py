"""The package on Arm: installed from wheels and run under QEMU's user-mode emulation."""
