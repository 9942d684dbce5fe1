"""Why a tunnel is down: a cause with its evidence, or what would tell. It never guesses."""
