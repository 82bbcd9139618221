"""The gateway as an issuer of tokens: OAuth 2 client credentials, for machines and small deployments."""
