"""A stand-in for the part of Azure that VPN gateway connections need: Entra ID, Azure Resource Manager, and tunnels."""
