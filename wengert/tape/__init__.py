"""The tape: storage cells, nodes, recording, the walk back. Sits below `Tensor`, and knows it only as `Recorded`."""
