"""One attempt to move traffic from stable to canary: a state machine that survives being killed."""
