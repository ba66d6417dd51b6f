import BeaconAPI
import Ethereum
import SSZ
import TestSupport
import Testing

@Suite("Answers")
struct BeaconAnswerTests {
    private static let root = "0x" + String(repeating: "11", count: 32)
    private static let key = "0x" + String(repeating: "22", count: 48)
    private static let validator = """
        {"index":"7","balance":"32000000000","status":"active_ongoing","validator":{"pubkey":"\(key)",\
        "withdrawal_credentials":"\(root)","effective_balance":"32000000000","slashed":false,\
        "activation_eligibility_epoch":"0","activation_epoch":"1","exit_epoch":"18446744073709551615",\
        "withdrawable_epoch":"18446744073709551615"}}
        """
    private static let attester = """
        {"dependent_root":"\(root)","execution_optimistic":false,"data":[{"pubkey":"\(key)","slot":"160",\
        "validator_index":"7","committee_index":"1","committee_length":"128","committees_at_slot":"2",\
        "validator_committee_index":"25"}]}
        """
    private static let sync = """
        {"execution_optimistic":true,"data":[{"pubkey":"\(key)","validator_index":"7",\
        "validator_sync_committee_indices":["0","511"]}]}
        """
    private static let proposer = """
        {"dependent_root":"\(root)","execution_optimistic":false,"data":[{"pubkey":"\(key)",\
        "validator_index":"7","slot":"161"}]}
        """
    private static let genesis = """
        {"genesis_time":"1742213400","genesis_validators_root":"\(root)","genesis_fork_version":"0x10000910"}
        """
    private static let syncing = """
        {"head_slot":"5","sync_distance":"0","is_syncing":false,"is_optimistic":true,"el_offline":false}
        """

    /// Reads a text and writes it again.
    private typealias RoundTrip = @Sendable (JSONValue) throws -> JSONValue
    private static let shapes: [(name: String, text: String, roundTrip: RoundTrip)] = [
        ("validator", validator, { try BeaconValidator(json: $0).json() }),
        ("attester duties", attester, { try DutiesAnswer<AttesterDuty>(json: $0, hasDependentRoot: true).json() }),
        ("sync duties", sync, { try DutiesAnswer<SyncDuty>(json: $0, hasDependentRoot: false).json() }),
        ("proposer duties", proposer, { try DutiesAnswer<ProposerDuty>(json: $0, hasDependentRoot: true).json() }),
        ("genesis", genesis, { try Genesis(json: $0).json() }),
        ("syncing", syncing, { try SyncingStatus(json: $0).json() }),
    ]

    @Test("are written as they were read")
    func roundTrips() throws {
        for shape in Self.shapes {
            let json = try JSONValue(parsing: shape.text)
            #expect(Self.sorted(try shape.roundTrip(json)) == Self.sorted(json), "\(shape.name)")
        }
    }

    /// Members by name: the order of beacon nodes differs.
    private static func sorted(_ json: JSONValue) -> JSONValue {
        switch json {
        case .object(let object):
            .object(JSONObject(object.members.sorted { $0.name < $1.name }.map { ($0.name, sorted($0.value)) }))
        case .array(let items): .array(items.map { sorted($0) })
        default: json
        }
    }

    @Test("need every member, of the right kind")
    func strict() throws {
        for shape in Self.shapes {
            let json = try JSONValue(parsing: shape.text)
            for (path, damaged) in Self.damages(json) where !path.hasSuffix("el_offline") {
                guard !path.hasSuffix("is_optimistic") else { continue }
                #expect(throws: (any Error).self, "\(shape.name) \(path)") { try shape.roundTrip(damaged) }
            }
        }
    }

    /// The value without each of its members, and with `{}` in place of each leaf.
    private static func damages(_ json: JSONValue) -> [(path: String, JSONValue)] {
        switch json {
        case .object(let object):
            object.members.flatMap { member -> [(path: String, JSONValue)] in
                var without = object
                without[member.name] = nil
                return [("-" + member.name, .object(without))]
                    + damages(member.value).map { path, value in
                        var changed = object
                        changed[member.name] = value
                        return (member.name + "." + path, JSONValue.object(changed))
                    }.map { ($0.0.hasSuffix(".") ? member.name : $0.0, $0.1) }
            }
        case .array(let items):
            items.isEmpty ? [] : damages(items[0]).map { path, value in ("[0]." + path, .array([value])) }
        default: [("", [:] as JSONValue)]
        }
    }

    @Test("bound the rows")
    func rows() throws {
        let row = try JSONValue(parsing: #"{"pubkey":"\#(Self.key)","validator_index":"7","slot":"161"}"#)
        let json: JSONValue = [
            "dependent_root": .string(Self.root), "execution_optimistic": false,
            "data": .array(Array(repeating: row, count: DutiesAnswer<ProposerDuty>.rowsMax + 1)),
        ]
        #expect(throws: SSZError.self) { try DutiesAnswer<ProposerDuty>(json: json, hasDependentRoot: true) }
    }

    @Test("ignore members they do not know")
    func unknownMembers() throws {
        let json = try JSONValue(parsing: #"{"data":{"version":"x/1","later":[1]},"meta":{}}"#)
        #expect(try BeaconAnswer.nodeVersion(json) == "x/1")
    }

    @Test(
        "read the events of our topics",
        arguments: [
            ("chain_reorg", #"{"slot":"200","depth":"50","epoch":"2"}"#, true),
            ("block", #"{"slot":"10","block":"\#(root)","execution_optimistic":false}"#, true),
            ("block_gossip", #"{"slot":"10","block":"\#(root)"}"#, true),
            ("head", #"{"slot":"10","block":"\#(root)","state":"\#(root)","epoch_transition":false}"#, true),
            (
                "head",
                #"""
                {"slot":"10","block":"\#(root)","state":"\#(root)","epoch_transition":true,
                "previous_duty_dependent_root":"\#(root)","current_duty_dependent_root":"\#(root)"}
                """#, true
            ),
            ("head", #"{"slot":"10","block":"\#(root)","state":"0x12","epoch_transition":false}"#, false),
            ("head", "{}", false), ("head", "", false), ("head", "[", false),
            ("chain_reorg", #"{"slot":"200","depth":"-1","epoch":"2"}"#, false),
        ])
    func events(name: String, data: String, isReadable: Bool) {
        let event = ServerSentEvent(name: name, data: data)
        let read = try? BeaconEvent(event)
        #expect((read != nil) == isReadable)
    }

    @Test("tell who was seen to vote")
    func liveness() throws {
        let rows =
            #"{"data":[{"index":"1","is_live":true},{"index":"2","is_live":false},{"index":"9","is_live":true}]}"#
        #expect(try BeaconAnswer.live(try JSONValue(parsing: rows)) == [1, 9])
        for bad in [#"{"data":[{"index":"1"}]}"#, #"{"data":[{"index":"1","is_live":"true"}]}"#, "{}"] {
            #expect(throws: SSZError.self) { try BeaconAnswer.live(try JSONValue(parsing: bad)) }
        }
    }

    @Test("read slashings, however many validators they list, up to all of a slot")
    func slashings() throws {
        func text(_ json: JSONValue) -> String { String(decoding: json.bytes(), as: UTF8.self) }
        var proposer = ProposerSlashing()
        proposer.signedHeader2.message.slot = Slot(9)
        #expect(
            try BeaconEvent(ServerSentEvent(name: "proposer_slashing", data: text(proposer.json())))
                == .proposerSlashing(proposer))
        for (count, isReadable) in [(1, true), (131_072, true), (131_073, false)] {
            var attester = AttesterSlashing<IndexedAttestationElectra>()
            attester.attestation1.attestingIndices = (0..<UInt64(count)).map { ValidatorIndex(1_000_000 + $0) }
            attester.attestation2 = attester.attestation1
            let read = try? BeaconEvent(ServerSentEvent(name: "attester_slashing", data: text(attester.json())))
            #expect(read == (isReadable ? .attesterSlashing(attester) : nil))
        }
        #expect(throws: BeaconEventError.self) {
            try BeaconEvent(ServerSentEvent(name: "attester_slashing", data: #"{"attestation_1":{}}"#))
        }
    }

    @Test("leave events of other topics alone")
    func otherTopics() throws {
        #expect(try BeaconEvent(ServerSentEvent(name: "voluntary_exit", data: "nonsense")) == nil)
    }

    @Test("attestations have the form of their fork")
    func submissions() throws {
        var single = SingleAttestation()
        single.attesterIndex = 9
        let singles = AttestationSubmission.single([single])
        #expect(try AttestationSubmission(json: singles.json(), fork: .electra) == singles)
        #expect(throws: SSZError.self) { try AttestationSubmission(json: singles.json(), fork: .deneb) }
        let old = AttestationSubmission.phase0([AttestationPhase0()])
        #expect(try AttestationSubmission(json: old.json(), fork: .deneb) == old)
        #expect(throws: SSZError.self) { try AttestationSubmission(json: old.json(), fork: .fulu) }
        #expect(!singles.isForm(of: .deneb) && singles.isForm(of: .fulu))
    }
}
