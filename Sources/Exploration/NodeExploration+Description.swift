extension NodeExploration.Outcome: CustomStringConvertible {
    /// Some lines for people.
    package var description: String {
        """
        \(name): \(states) states, \(transitions) transitions, up to \(depth) steps from one of \
        \(beginnings) beginnings, \
        \(isComplete ? "complete" : "INCOMPLETE")
          a value was served in \(served) states, a share sent in \(shared), a signature broadcast in \(broadcast)
        """
    }
}
