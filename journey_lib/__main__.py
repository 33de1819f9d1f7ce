"""`python -m journey_lib` is the command `journey`."""

from journey_lib.cli import main

if __name__ == "__main__":
    main()
