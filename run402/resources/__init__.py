"""One module per noun of the gateway. Each holds the values it answers with and the calls it offers."""
