"""Is the gate honest? Its rates of false promotion, power and false harm on simulated canaries, beside naive gates."""
