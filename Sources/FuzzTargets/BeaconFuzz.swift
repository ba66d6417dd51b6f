import BeaconAPI
import Ethereum
import SSZ

/// What a beacon node may answer, and what a validator client may ask.
enum BeaconFuzz {
    /// Byte 0: which body; then its JSON.
    static func body(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(bodies.count)
        let text = source.rest()
        checkErrorBody(text)
        return "\(kind)"
            + outcome {
                try bodies[kind](BeaconAnswer.parse(text, bytesMax: 1 << 15))
                return "ok"
            }
    }

    /// Each reads a body, and reads again what it writes.
    static let bodies: [@Sendable (JSONValue) throws -> Void] = [
        {
            try same(DutiesAnswer<AttesterDuty>(json: $0, hasDependentRoot: true)) {
                $0.json()
            } read: {
                try DutiesAnswer(json: $0, hasDependentRoot: true)
            }
        },
        {
            try same(DutiesAnswer<ProposerDuty>(json: $0, hasDependentRoot: true)) {
                $0.json()
            } read: {
                try DutiesAnswer(json: $0, hasDependentRoot: true)
            }
        },
        {
            try same(DutiesAnswer<SyncDuty>(json: $0, hasDependentRoot: false)) {
                $0.json()
            } read: {
                try DutiesAnswer(json: $0, hasDependentRoot: false)
            }
        },
        { json in
            for validator in try BeaconAnswer.validators(json) {
                try same(validator) {
                    $0.json()
                } read: {
                    try BeaconValidator(json: $0)
                }
            }
        },
        { json in
            try same(Genesis(json: json.member("data"))) {
                $0.json()
            } read: {
                try Genesis(json: $0)
            }
        },
        { json in
            let spec = try ChainSpec(json: json.member("data"))
            precondition(spec.slotsPerEpoch > 0 && spec.slotDuration > .zero)
            let clock = spec.clock(genesis: Instant(unixSeconds: .max))
            _ = clock.epoch(of: clock.slot(at: clock.start(of: Slot.max)) ?? .zero)
            for epoch in spec.forks.entries.map(\.epoch) + [.max] {
                _ = (spec.forks.version(at: epoch), spec.forks.fork(at: epoch), spec.forks.forkContainer(at: epoch))
            }
        },
        { json in
            let schedule = try ForkSchedule(forkScheduleJSON: json.member("data"))
            precondition(schedule.entries.first?.epoch == .zero)
        },
        { json in
            try same(SyncingStatus(json: json.member("data"))) {
                $0.json()
            } read: {
                try SyncingStatus(json: $0)
            }
        },
        { _ = try BeaconAnswer.nodeVersion($0) },
        { try submission($0, .deneb) },
        { try submission($0, .fulu) },
        { json in
            let data = try BeaconAnswer.container(AttestationData.self, json)
            precondition((try? AttestationData(json: data.json())) == data)
        },
    ]

    private static func submission(_ json: JSONValue, _ fork: ForkName) throws {
        let submission = try AttestationSubmission(json: json, fork: fork)
        precondition(submission.isForm(of: fork) && submission.count <= AttestationSubmission.attestationsMax)
        try same(submission) {
            $0.json()
        } read: {
            try AttestationSubmission(json: $0, fork: fork)
        }
        guard case .single(let attestations) = submission else { return }
        for attestation in attestations {
            guard let versioned = try? VersionedAttestation(single: attestation, fork: fork, preset: .mainnet)
            else { continue }
            precondition((try? versioned.single()) == attestation, "conversion changed an attestation")
        }
    }

    private static func same<Value: Equatable>(
        _ value: Value, write: (Value) -> JSONValue, read: (JSONValue) throws -> Value
    ) throws {
        let text = write(value).text()
        precondition((try? read(JSONValue(parsing: text))) == value, "changed on its way through JSON: \(text)")
    }

    /// Whatever a node says with an error status is a bounded line.
    private static func checkErrorBody(_ bytes: [UInt8]) {
        let error = APIErrorBody(lenient: bytes, status: 500)
        precondition(error.message.count <= 512 && !error.message.contains(where: \.isNewline))
        precondition(error.failures.count <= 1024)
        _ = error.json().text()
    }

    /// Byte 0: which parameter; then its text.
    static func parameter(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(4)
        let text = String(decoding: source.rest(), as: UTF8.self)
        switch kind {
        case 0:
            guard let state = StateID(text) else { return "no state" }
            precondition(StateID(state.description) == state)
            precondition(state.description.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") })
            return "state"
        case 1:
            let ids = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard let selection = ValidatorSelection(ids: ids) else { return "no selection" }
            precondition(selection.count == ids.count && ValidatorSelection(ids: selection.ids) == selection)
            return "selection"
        case 2:
            let statuses = ValidatorStatus.matching(text)
            precondition(Set(statuses).count == statuses.count)
            return "statuses \(statuses.count)"
        default:
            var fields = HeaderFields()
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                fields.append(String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
            }
            let kept = fields.endToEnd()
            precondition(kept.fields.count <= fields.fields.count && kept["Transfer-Encoding"] == nil)
            return "headers"
        }
    }

    /// How the stream is cut (`ByteSource.pieces`), then the stream. The limits are small, so that they are met.
    static func events(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let pieces = source.pieces()
        let limits = ServerSentEventParser.Limits(lineBytesMax: 256, eventBytesMax: 512)
        let cut = read(pieces, limits)
        let whole = read(pieces.flatMap { $0 }.map { [$0] }, limits)
        precondition(cut.error == whole.error && cut.lastEventID == whole.lastEventID && cut.retry == whole.retry)
        if cut.error == nil { precondition(cut.events == whole.events, "events depend on how the bytes are cut") }
        for event in whole.events {
            precondition(event.data.utf8.count <= 3 * 512 && !event.name.contains("\n"))
            _ = try? BeaconEvent(event)
            var parser = ServerSentEventParser()
            let again = try? parser.receive(event.bytes())
            // A line end inside is written as such; nothing else changes.
            if !event.name.contains("\r"), !event.data.contains("\r"), !event.lastEventID.contains("\r") {
                precondition(again?.first?.data == event.data && again?.count == 1, "event changed on its way")
            }
        }
        return cut.error.map(word) ?? "ok\(min(whole.events.count, 3))"
    }

    private struct Reading {
        var events: [ServerSentEvent] = []
        var error: ServerSentEventError?
        var lastEventID = ""
        var retry: Duration?
    }

    private static func read(_ pieces: [[UInt8]], _ limits: ServerSentEventParser.Limits) -> Reading {
        var parser = ServerSentEventParser(limits: limits)
        var reading = Reading()
        do throws(ServerSentEventError) {
            for piece in pieces { reading.events += try parser.receive(piece) }
        } catch { reading.error = error }
        reading.lastEventID = parser.lastEventID
        reading.retry = parser.retry
        return reading
    }
}
