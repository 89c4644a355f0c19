"""The live panels in the kernel: traitlets models that a thread feeds while they are looked at."""
