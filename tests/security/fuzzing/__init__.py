"""The parts of the fuzzer: a world to break (world), bad input (garbage), requests (mutate), judging them (sender)."""
