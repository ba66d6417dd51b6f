import DutyWorkflow

/// This node's own matters.
extension Examination {
    private static let loopDelayMax = Duration.milliseconds(500)

    static func node(_ facts: Facts) -> [Finding] {
        let node = facts.node
        var found: [Finding] = []
        if let twin = node.twin {
            found.append(
                Finding(
                    .twinSeen, .thisNode, .error,
                    "Another process signs with this node's key, so this node signs nothing more: \(twin).",
                    cure: "Find the second process: \(Halt.cure)."))
        }
        if let first = node.stopped.first {
            let others = node.stopped.count > 1 ? " and \(node.stopped.count - 1) more" : ""
            found.append(
                Finding(
                    .validatorStopped, .thisNode, .error,
                    "This node signs nothing more for validator \(first.validator)\(others), as it was slashed:"
                        + " \(first.seen).",
                    cure: "With all operators: \(Slashing.cure)."))
        }
        if let slot = node.watchesUntil {
            let wait = node.watchesFor.map { ", in \($0.components.seconds / 60 + 1) min" } ?? ""
            found.append(
                Finding(
                    .journalNew, .thisNode, .info,
                    "The journal is new, so this node signs nothing before slot \(slot)\(wait).",
                    cure:
                        "Wait; if an older journal exists, stop and put it back; --accept-new-journal skips the wait if"
                        + " these keys have signed nothing for two epochs."))
        }
        if let error = node.journalError {
            found.append(
                Finding(
                    .journalFile, .thisNode, .error, "The journal cannot be used: \(error).",
                    cure: "See that --journal-file is the journal of this cluster, that its folder can be written, and"
                        + " that no other node uses it; never delete it."))
        }
        if let epoch = node.undecidedSwitch {
            found.append(
                Finding(
                    .switchUndecided, .thisNode, .error,
                    "The switch to new key shares at epoch \(epoch) was decided without this node, or not at all: it asks"
                        + " its peers, and signs nothing from that epoch on until it knows.",
                    cure: "See that the other operators are connected: those who know will tell. If nobody knows, agree"
                        + " with them, as docs/switch-at-an-epoch.md says."))
        }
        for (file, error) in node.fileErrors {
            found.append(
                Finding(
                    .clusterFiles, of: file, .thisNode, .error, "\(file) cannot be used: \(error).",
                    cure: "Give the right file, of the same cluster and operator as the others."))
        }
        for taken in node.takenAddresses {
            found.append(
                Finding(
                    .portInUse, of: taken.flag, .thisNode, .error,
                    "--\(taken.flag) \(taken.address) cannot be listened on: \(taken.error).",
                    cure: "End what listens there (perhaps this node already runs), or choose another address."))
        }
        if !node.lockWarnings.isEmpty {
            found.append(
                Finding(
                    .lockUnverified, .thisNode, .warning,
                    "The cluster lock does not verify, and --no-verify lets it pass: \(node.lockWarnings[0]).",
                    cure: "Get the lock again from who made it, and leave --no-verify out."))
        }
        if node.slotsSkipped > 0 {
            found.append(
                Finding(
                    .slotsSkipped, .thisNode, .warning,
                    "\(node.slotsSkipped) slots went by without this node lately: \(node.skippedWhy).",
                    cure: "See that the process and its machine never stand still: no suspension, no live migration,"
                        + " enough processor time."))
        }
        if let delay = node.loopDelay, delay > loopDelayMax {
            found.append(
                Finding(
                    .eventLoopSlow, .thisNode, .warning,
                    "This node's event loop came \(seconds(delay)) late, so everything it does is late.",
                    cure: "Give the machine more processor time; /debug/tasks tells which threads take it."))
        }
        if facts.failing.contains(.memoryLeak) {
            found.append(
                Finding(
                    .memoryGrows, .thisNode, .warning,
                    "This node uses 5 % more memory than a day before.",
                    cure: "If it goes on, please report it with /debug/tasks; a restart frees the memory."))
        }
        return found
    }
}
