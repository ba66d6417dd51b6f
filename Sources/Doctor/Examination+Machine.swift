import Ethereum

/// Disk, memory and clock of the machine.
extension Examination {
    /// The journal stops the node when it cannot be written.
    private static let freeBytesMin: (error: UInt64, warning: UInt64) = (100 << 20, 1 << 30)
    /// A duty takes some commits, one after another.
    private static let syncTimeMax: (error: Duration, warning: Duration) = (.milliseconds(500), .milliseconds(100))
    private static let clockOffsetMax: (error: Duration, warning: Duration) = (.seconds(1), .milliseconds(200))
    /// `Date` headers have whole seconds.
    private static let coarseOffsetMax = Duration.seconds(2)

    static func machine(_ facts: Facts) -> [Finding] {
        let machine = facts.machine
        var found: [Finding] = []
        if let free = machine.freeBytes, free < freeBytesMin.warning {
            found.append(
                Finding(
                    .diskFull, .machine, free < freeBytesMin.error ? .error : .warning,
                    "\(bytes(free)) are free at the journal (\(machine.journalPath)); without any the node stops.",
                    cure: "Make room there; never delete the journal."))
        }
        if let typical = median(machine.syncTimes), typical > syncTimeMax.warning {
            found.append(
                Finding(
                    .diskSlow, .machine, typical > syncTimeMax.error ? .error : .warning,
                    "A commit of the journal takes \(seconds(typical)), and each duty waits for some of them.",
                    cure: "Put --journal-file on a local SSD that others do not keep busy."))
        }
        if let memory = machine.memory, memory.totalBytes > 0, memory.availableBytes < memory.totalBytes / 20 {
            found.append(
                Finding(
                    .memoryLow, .machine, .warning,
                    "\(bytes(memory.availableBytes)) of \(bytes(memory.totalBytes)) of memory are available; the system"
                        + " may end processes.",
                    cure: "End what needs the memory, or add some."))
        }
        if let files = machine.files, files.max > 0, files.open > files.max / 5 * 4 {
            found.append(
                Finding(
                    .filesRunOut, .machine, .warning,
                    "\(files.open) of the \(files.max) files that this process may open are open.",
                    cure: "Raise LimitNOFILE= of the systemd unit, or ulimits of the compose file."))
        }
        return found
    }

    /// One's own clock is wrong if most others' differ from it alike; else theirs are.
    static func clock(_ facts: Facts) -> [Finding] {
        let offsets = facts.peers.compactMap(\.clockOffset)
        // Of two that contradict each other the smaller one: it is the other's fault.
        let typical = offsets.count >= 2 ? lowMedian(offsets) : nil
        let coarse = lowMedian(facts.beaconNodes.compactMap(\.clockOffset))
        let isCoarseOff = coarse.map { magnitude($0) > coarseOffsetMax } ?? false
        var found: [Finding] = []
        if let typical, magnitude(typical) > clockOffsetMax.warning {
            found.append(
                clockOff(
                    typical, "as \(offsets.count) operators' clocks say",
                    magnitude(typical) > clockOffsetMax.error ? .error : .warning))
        } else if let early = facts.machine.headsEarly, early > clockOffsetMax.warning {
            found.append(
                clockOff(
                    early, "as blocks come before their slots begin", early > clockOffsetMax.error ? .error : .warning))
        } else if isCoarseOff, let coarse, typical == nil {
            found.append(clockOff(coarse, "as the beacon node's clock says", .warning))
        }
        let isOwnOff = !found.isEmpty
        for node in facts.beaconNodes {
            guard let offset = node.clockOffset, magnitude(offset) > coarseOffsetMax, !isOwnOff else { continue }
            found.append(
                Finding(
                    .beaconNodeClock, of: node.name, .beaconNode, .warning,
                    "The clock of beacon node \(node.name) is \(signed(offset)) off.",
                    cure: "Have its machine keep time by NTP (chrony, systemd-timesyncd)."))
        }
        // Against the majority's time, if it is known.
        guard !isOwnOff || typical != nil else { return found }
        for peer in facts.peers {
            guard let offset = peer.clockOffset,
                magnitude(offset - (isOwnOff ? typical ?? .zero : .zero)) > clockOffsetMax.warning
            else { continue }
            found.append(
                Finding(
                    .peerClock, of: "\(peer.peer)", .peers, .warning,
                    "The clock of \(peer.name) is \(signed(offset)) off from ours"
                        + (offsets.count == 1 ? "; nobody else's is known, so it may be ours." : "."),
                    cure: "That operator's machine should keep time by NTP (chrony, systemd-timesyncd)."))
        }
        return found
    }

    private static func clockOff(_ offset: Duration, _ why: String, _ severity: Finding.Severity) -> Finding {
        Finding(
            .clockOff, .machine, severity,
            "This machine's clock is \(seconds(magnitude(offset))) \(offset > .zero ? "slow" : "fast"), \(why).",
            cure: "Have it keep time by NTP (chrony, systemd-timesyncd), and see that it is synchronised.")
    }

    static func magnitude(_ duration: Duration) -> Duration { max(duration, .zero - duration) }

    private static func median(_ values: [Duration]) -> Duration? {
        values.isEmpty ? nil : values.sorted()[values.count / 2]
    }

    /// Of an even number the one of the two in the middle that is nearer to zero.
    private static func lowMedian(_ values: [Duration]) -> Duration? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        guard sorted.count.isMultiple(of: 2) else { return sorted[sorted.count / 2] }
        return [sorted[sorted.count / 2 - 1], sorted[sorted.count / 2]].min { magnitude($0) < magnitude($1) }
    }
}
