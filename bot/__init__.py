"""The Discord process: commands, pictures, the store and the engine that hatches creatures."""
