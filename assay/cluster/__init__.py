"""A kind cluster from the terminal: bring it up, deploy, send a canary through the gate, look, go back.

Thin over kind, docker, helm and kubectl: every command that changes something is shown before it runs, so that each
can be retold by hand. What the cluster itself does, the promotion Job above all, is not here.
"""
