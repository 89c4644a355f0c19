"""One small callback for each framework: it logs what the framework knows, and stops when asked to.

A module has its framework's name and a class `RunCallback`; only that module
imports the framework. A callback starts and ends no run: one run can see several
fits, and whoever started it ends it.
"""
