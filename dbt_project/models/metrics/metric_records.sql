{{ figures() }}
