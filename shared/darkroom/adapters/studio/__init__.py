"""Product pictures without a provider: the page's own picture, cut out and staged, and the words laid over it."""
