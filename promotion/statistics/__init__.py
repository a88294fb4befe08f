"""Pure formulas, each with its source: no clock, no network, no environment, no logging; numpy and scipy only."""
