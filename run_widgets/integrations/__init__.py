"""Other people's frameworks and logs: what they know becomes a run's, under their own names.

A module has the name of a framework and a class `RunCallback`, which logs, shows
progress and stops when asked to; `tensorboard` follows or imports what is logged there.
Only a module itself imports its framework. A callback starts and ends no run: one run
can see several fits, and whoever started it ends it.
"""
