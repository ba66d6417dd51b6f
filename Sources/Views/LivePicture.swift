import DutyWorkflow
import Ethereum
import SSZ

/// The page `/debug/live`: everything a display needs, as JSON.
///
/// Its `version` is raised when a member changes its meaning or goes; new members come without. Times (`…at`) are
/// milliseconds since 1970, durations (`…_ms`) milliseconds; what is not known is null. `duties` and `missed` begin
/// with the newest. Texts that are other people's are printable and cut to size.
package struct LivePicture: Sendable {
    package static let version: UInt64 = 1

    private let view: LiveView
    private let facts: LiveFacts
    private let now: Instant

    package init(_ view: LiveView, _ facts: LiveFacts, at now: Instant) {
        (self.view, self.facts, self.now) = (view, facts, now)
    }

    package var json: JSONValue {
        let rows = view.duties
        return [
            "version": JSONValue(Self.version), "at": time(now), "node": node, "chain": chain,
            "readiness": [
                "code": JSONValue(facts.readiness.code), "text": text(facts.readiness.text),
                "advice": text(facts.readiness.advice),
            ],
            "missing": .array(
                MissingThing.all(view, facts).map { ["layer": .string($0.layer.rawValue), "text": text($0.text)] }),
            "signer": signer, "remote_signers": .array(facts.remoteSigners.map(describe)),
            "beacon_nodes": .array(facts.beaconNodes.map(describe)),
            "peers": .array(facts.peers.filter { (0..<view.nodes).contains($0.index.rawValue) }.map(describe)),
            "totals": ["succeeded": JSONValue(view.succeeded), "failed": JSONValue(view.failed)],
            "duties": .array(rows.map(describe)), "latency_bounds_ms": bounds, "latencies": .array(latencies(rows)),
            "missed": .array(view.missed.reversed().map(describe)), "doctor": .bool(facts.hasDoctor),
        ]
    }

    // MARK: Parts

    private var node: JSONValue {
        let node = facts.node
        return [
            "index": JSONValue(view.own.rawValue), "nickname": text(node.nickname), "version": text(node.version),
            "started_at": time(node.startedAt), "cluster": text(node.clusterName), "hash": text(node.clusterHash),
            "network": text(node.network), "operators": JSONValue(view.nodes),
            "threshold": JSONValue(node.threshold), "quorum": JSONValue(node.quorum),
            "validators": JSONValue(node.validators),
        ]
    }

    /// Null until it is known; its slot is null before genesis.
    private var chain: JSONValue {
        guard let clock = view.clock else { return .null }
        let slot = clock.slot(at: now)
        return [
            "slot": slot.map { JSONValue($0.rawValue) } ?? .null,
            "epoch": slot.map { JSONValue(clock.epoch(of: $0).rawValue) } ?? .null,
            "slots_per_epoch": JSONValue(clock.slotsPerEpoch), "slot_ms": milliseconds(clock.slotDuration),
            "genesis_at": time(clock.genesis),
        ]
    }

    private var signer: JSONValue {
        [
            "mode": text(facts.signer.mode), "requests": JSONValue(facts.signer.requests),
            "user_agent": text(facts.signer.userAgent),
            "last_request_at": view.lastValidatorClientRequest.map(time) ?? .null,
        ]
    }

    private func describe(_ signer: LiveFacts.RemoteSigner) -> JSONValue {
        [
            "address": text(signer.address), "state": .string(signer.state.rawValue),
            "down_ms": milliseconds(signer.outFor), "problem": text(signer.problem),
            "shares": signer.shares.map { JSONValue($0) } ?? .null, "asked_ms_ago": milliseconds(signer.askedAgo),
        ]
    }

    private func describe(_ node: LiveFacts.BeaconNode) -> JSONValue {
        let spread = LatencySpread(node.latencies)
        let state = node.outFor != nil ? "down" : !node.isFollowing ? "syncing" : spread == nil ? "unknown" : "up"
        return [
            "address": text(node.address), "fallback": .bool(node.isFallback), "state": .string(state),
            "down_ms": milliseconds(node.outFor), "problem": text(node.outFor == nil ? nil : node.problem),
            "version": text(node.version), "head_slot": node.headSlot.map { JSONValue($0.rawValue) } ?? .null,
            "answered_ms_ago": milliseconds(node.answeredAgo), "latency_p50_ms": milliseconds(spread?.p50),
            "latency_max_ms": milliseconds(spread?.max),
        ]
    }

    private func describe(_ peer: LiveFacts.Peer) -> JSONValue {
        let known = view.operators[peer.index.rawValue]
        let attendance = view.attendance(of: peer.index, at: now)
        let faults = known.faults.sorted { $0.key.rawValue < $1.key.rawValue }
        return [
            "index": JSONValue(peer.index.rawValue), "self": .bool(peer.index == view.own),
            "nickname": text(peer.nickname), "client": text(peer.client), "version": text(peer.version),
            "path": peer.index == view.own ? .null : text(peer.path?.rawValue),
            "round_trip_ms": milliseconds(peer.roundTrip), "clock_offset_ms": milliseconds(peer.clockOffset),
            "same_cluster": peer.isSameCluster.map { .bool($0) } ?? .null, "last_failure": text(peer.lastFailure),
            "last_signed": known.lastSigned.map { last in
                ["slot": JSONValue(last.duty.slot.rawValue), "duty": name(last.duty.type), "at": time(last.at)]
            } ?? .null,
            "signed": JSONValue(attendance.signed), "expected": JSONValue(attendance.expected),
            "absent_duties": JSONValue(known.absentDuties),
            "faults": .object(JSONObject(faults.map { ($0.key.rawValue, JSONValue($0.value)) })),
        ]
    }

    private func describe(_ row: LiveDuty) -> JSONValue {
        let state: String
        var reason = JSONValue.null
        switch row.outcome {
        case .pending: state = "pending"
        case .done: state = "done"
        case .failed(let why): (state, reason) = ("failed", .string(why.rawValue))
        case .nothingToDo: state = "nothing_to_do"
        }
        return [
            "slot": JSONValue(row.duty.slot.rawValue), "duty": name(row.duty.type), "state": .string(state),
            "reason": reason, "validators": row.validators.map { JSONValue($0) } ?? .null,
            "round": row.round.map { JSONValue($0) } ?? .null,
            "leader": row.leader.map { JSONValue($0.rawValue) } ?? .null,
            "round_changes": JSONValue(row.roundChanges),
            "round_change_reason": text(row.roundChanges > 0 ? row.roundChangeReason : nil),
            "start_to_decided_ms": milliseconds(row.startToDecided),
            "decided_to_broadcast_ms": milliseconds(row.decidedToBroadcast),
            "begin_to_broadcast_ms": milliseconds(row.beginToBroadcast),
            "signed": .array(row.marks.map { JSONValue($0.count) }),
            "bad": .array(row.marks.indices.filter { row.marks[$0].isBad }.map { JSONValue($0) }),
        ]
    }

    private var bounds: JSONValue { .array(LatencySpread.boundsMs.map { JSONValue($0) }) }

    /// By type of duty, those only that have any.
    private func latencies(_ rows: [LiveDuty]) -> [JSONValue] {
        DutyType.allCases.compactMap { type in
            let rows = rows.filter { $0.duty.type == type }
            let parts: [(String, JSONValue)] = [
                ("start_to_decided", spread(rows.compactMap(\.startToDecided))),
                ("decided_to_broadcast", spread(rows.compactMap(\.decidedToBroadcast))),
                ("begin_to_broadcast", spread(rows.compactMap(\.beginToBroadcast))),
            ]
            guard parts.contains(where: { !$0.1.isNull }) else { return nil }
            return .object(JSONObject([("duty", name(type))] + parts))
        }
    }

    private func spread(_ values: [Duration]) -> JSONValue {
        guard let spread = LatencySpread(values) else { return .null }
        return [
            "count": JSONValue(spread.count), "p50_ms": milliseconds(spread.p50), "p90_ms": milliseconds(spread.p90),
            "p99_ms": milliseconds(spread.p99), "max_ms": milliseconds(spread.max),
            "buckets": .array(spread.buckets.map { JSONValue($0) }),
        ]
    }

    private func describe(_ miss: MissedDuty) -> JSONValue {
        [
            "at": time(miss.at), "slot": JSONValue(miss.slot.rawValue), "duty": miss.type.map(name) ?? .null,
            "layer": .string(miss.layer.rawValue), "peers": .array(miss.peers.map { JSONValue($0.rawValue) }),
            "reason": .string(miss.reason), "subject": text(miss.subject), "cause": text(miss.cause),
            "cure": text(miss.cure),
        ]
    }

    // MARK: Values

    private func name(_ type: DutyType) -> JSONValue { .string(type.name) }

    private func text(_ text: String?) -> JSONValue {
        text.map { .string(PlainText.cleaned($0, charactersMax: MissedDuty.textMax)) } ?? .null
    }

    private func time(_ instant: Instant) -> JSONValue { JSONValue(instant.nanoseconds / 1_000_000) }

    /// With one decimal.
    private func milliseconds(_ duration: Duration?) -> JSONValue {
        guard let duration else { return .null }
        let tenths = Int64(clamping: duration.attoseconds / 100_000_000_000_000)
        let digits = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
        return .number("\(tenths < 0 ? "-" : "")\(digits.quotient).\(digits.remainder)")
    }
}
