"""Reading product pages: strangers' markup in, plain facts out."""
