"""Decides whether a canary may take traffic, and moves the traffic.

evidence/    what was observed of both revisions: answers to the same holdout, running digests
statistics/  pure formulas over those numbers
gate/        evidence + policy -> verdict, with its reasons
guardrails/  the canary beside stable while traffic moves: errors and latency
rollout/     the state machine that acts on a verdict, step by step, and resumes after a crash
routers/     whatever splits the traffic
report/      the evidence record as a page for a person
"""
