"""Engines that draw and read pictures: ours, and the providers' behind their SDKs. docs/providers.md adds one."""
