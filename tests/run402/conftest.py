"""For the client's tests."""

# Its first import raises Python's recursion limit, which hypothesis does not let a test do.
import eth_account  # noqa: F401 - imported for that alone
