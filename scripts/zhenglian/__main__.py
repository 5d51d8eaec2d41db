"""`python -m zhenglian`: the command, where its script is not on the path."""

from zhenglian.app import main

if __name__ == "__main__":
    main()
