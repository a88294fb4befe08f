"""Whatever splits the traffic between two revisions: one seam, an implementation a module."""
