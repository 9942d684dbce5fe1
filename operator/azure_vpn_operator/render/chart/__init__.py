"""The generated half of charts/azure-vpn-operator: values with their schema and table, and files that templates read."""
