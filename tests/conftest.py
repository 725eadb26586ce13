"""What holds for all tests."""
import signal

# A shell has its background jobs ignore Ctrl-C, and so would every program that a test starts and stops.
signal.signal(signal.SIGINT, signal.default_int_handler)
