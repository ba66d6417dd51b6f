extension QBFTExploration.Outcome: CustomStringConvertible {
    /// Some lines for people.
    package var description: String {
        """
        \(name): \(states) states, \(transitions) transitions, \(isComplete ? "complete" : "INCOMPLETE")
          standings of the honest nodes: \(standings), from \(trials) runs of the shipped values
          symmetry: \(isSymmetric ? "states that differ only in names count once" : "not used")
          somebody has decided in \(decidedBySome) states, everybody in \(decidedByAll)
          from \(continued) of them honest nodes and a good network were run on; random lives: \(compared) steps compared
          random walks of the whole cluster: \(walked) steps, all within these states
        """
    }
}
