import Ethereum

/// Our key is in use elsewhere.
extension Workflow {
    mutating func halt(_ duty: Duty, _ seen: String) -> [Signal] {
        guard halted == nil else { return [] }
        let halt = Halt(duty: duty, seen: seen)
        halted = halt
        consensus.halt()
        return [.perform(.persist(.halted(halt))), .perform(.report(.twinSeen(duty, seen)))]
    }

    /// It was seen in an earlier life, and nobody has said since that it is over.
    ///
    /// - Parameter signals: of the restart; shares that had not left yet stay here.
    mutating func stayHalted(_ halt: Halt, _ signals: [Signal]) -> [Signal] {
        halted = halt
        consensus.halt()
        return signals.filter { if case .perform(.shareWithPeers) = $0 { false } else { true } }
            + [.perform(.report(.stillHalted(halt)))]
    }
}
