import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import SSZ

/// After the start: which nodes may be used, which of them follow the chain, and what the chain's forks are now.
extension ChainDiscovery {
    /// Between two looks at the nodes.
    private static let lookEvery = Duration.seconds(10)

    /// What was seen last.
    private struct Sight {
        /// What this node runs with: constants are taken at the start only.
        let running: ChainSpec
        var spec: ChainSpec
        /// Our epoch when all nodes were asked for it.
        var specAskedIn: Epoch?
        /// Nodes that say something else, and nodes that do not follow the chain; each with what was told.
        var dissenters: [Int: String] = [:]
        var idle: [Int: String] = [:]
        /// Nodes of which was told that their head is far from another's.
        var apart: Set<Int> = []
    }

    /// Until cancelled. Nodes that did not answer before or were of another chain are taken into use once they are of
    /// ours; the others are asked every epoch, and when they were away, for the chain's forks.
    ///
    /// - Parameters:
    ///   - slot: of our own clock.
    ///   - onForksChanged: told when the nodes agree on another fork schedule than the last one: a fork was added, moved
    ///     or withdrawn. Called from any thread.
    func watch(
        _ chain: ChainContext, root: Root, slot: @Sendable () -> Slot,
        onForksChanged: @Sendable (ForkSchedule) -> Void
    ) async {
        let told = ToldOnce()
        let wanted = Genesis(
            time: UInt64(clamping: chain.clock.genesis.unixSeconds), validatorsRoot: root, forkVersion: forkVersion)
        var sight = Sight(running: chain.spec, spec: chain.spec)
        while !Task.isCancelled {
            let hasNew = await takeIn(wanted, told)
            await lookAtHeads(slot(), &sight)
            let epoch = chain.clock.epoch(of: slot())
            let hasReturned = !reconnections.take().isEmpty
            if hasNew || hasReturned || sight.specAskedIn != epoch {
                await readForks(epoch, &sight, onForksChanged)
            }
            do {
                try await reconnections.wait { try await questions.sleep(Self.lookEvery) }
            } catch {
                return
            }
        }
    }

    /// - Returns: whether there is a node more to use.
    private func takeIn(_ wanted: Genesis, _ told: ToldOnce) async -> Bool {
        var hasNew = false
        let open = questions.nodes.indices.filter { !members.contains($0) }
        for (node, genesis) in await answers(of: open, questions.genesis) {
            if genesis == wanted {
                logger.info("beacon node is of the cluster's chain", metadata: ["node": "\(questions.nodes[node])"])
                questions.use(members.insert([node]))
                hasNew = true
                reconnections.note(node)
            } else {
                tellForeign(node, "genesis \(genesis.validatorsRoot) at \(genesis.time)", told)
            }
        }
        return hasNew
    }

    private func lookAtHeads(_ current: Slot, _ sight: inout Sight) async {
        let statuses = await answers(of: members.all, questions.syncingOf)
        let verdict = SyncVerdict(statuses.map { ($0.node, $0.answer) }, current: current)
        // Who does not answer is out of reach, which is another matter.
        questions.setIdle(Set(verdict.idle.keys))
        for (node, _) in statuses {
            switch (sight.idle[node], verdict.idle[node]) {
            case (nil, let why?):
                logger.warning(
                    "beacon node does not follow the chain and is asked last",
                    metadata: ["node": "\(questions.nodes[node])", "reason": "\(why)"])
            case (.some, nil):
                logger.info("beacon node follows the chain again", metadata: ["node": "\(questions.nodes[node])"])
                // Meanwhile it was told nothing.
                reconnections.note(node)
            case (nil, nil), (.some, .some): break
            }
            sight.idle[node] = verdict.idle[node]
            if let why = verdict.apart[node], sight.apart.insert(node).inserted {
                logger.warning(
                    """
                    beacon node may stand still without knowing it: its head is far behind another's. It is still asked, \
                    for nobody can tell which of them is right; see both logs
                    """,
                    metadata: ["node": "\(questions.nodes[node])", "reason": "\(why)"])
            }
            if verdict.apart[node] == nil { sight.apart.remove(node) }
        }
    }

    private func readForks(
        _ epoch: Epoch, _ sight: inout Sight, _ onForksChanged: @Sendable (ForkSchedule) -> Void
    ) async {
        let answers = await answers(of: members.all, questions.specOf)
        // Nobody there: asked again at the next look.
        guard !answers.isEmpty else { return }
        sight.specAskedIn = epoch
        let words = words.note(answers)
        let verdict = SpecVerdict(words, forkVersion: forkVersion, current: sight.spec)
        // Their last words count; if they are gone for good, a restart goes by the others.
        let silent = words.map { $0.node }.filter { node in !answers.contains { $0.node == node } }
        for (node, _) in answers where sight.dissenters[node] != verdict.dissenters[node] {
            sight.dissenters[node] = verdict.dissenters[node]
            if let why = verdict.dissenters[node] {
                var metadata: Logger.Metadata = ["node": "\(questions.nodes[node])", "difference": "\(why)"]
                if !silent.isEmpty {
                    metadata["silent"] = "\(silent.map { questions.nodes[$0] }.joined(separator: " "))"
                }
                logger.error(
                    """
                    beacon node disagrees with the others about the chain; update it or its network configuration. If \
                    it is right, and the silent ones are gone for good, remove them and restart this node
                    """,
                    metadata: metadata)
            } else {
                logger.info("beacon node agrees with the others", metadata: ["node": "\(questions.nodes[node])"])
            }
        }
        guard let agreed = verdict.agreed, let difference = agreed.difference(from: sight.spec) else { return }
        if !agreed.hasConstants(of: sight.spec) {
            if agreed.hasConstants(of: sight.running) {
                logger.warning("the chain's constants are again those that this node runs with: no restart is needed")
            } else {
                logger.error(
                    "the chain's constants changed: restart this node", metadata: ["difference": "\(difference)"])
            }
        }
        let hasNewForks = agreed.forks != sight.spec.forks
        sight.spec = agreed
        guard hasNewForks else { return }
        logger.warning("the chain's forks changed", metadata: ["difference": "\(difference)"])
        warn(aboutUnknownForkOf: agreed)
        onForksChanged(agreed.forks)
    }

    func warn(aboutUnknownForkOf spec: ChainSpec) {
        guard let unknown = spec.forks.firstUnknownEpoch else { return }
        logger.warning(
            "the chain has a fork this version does not know; update before it", metadata: ["epoch": "\(unknown)"])
    }
}
