"""``python -m run_widgets`` is ``run-widgets``."""

from run_widgets.cli import main

if __name__ == "__main__":
    main()
