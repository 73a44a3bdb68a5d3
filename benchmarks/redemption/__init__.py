"""How much of what final labels would teach is learnt from labels that are still arriving."""
