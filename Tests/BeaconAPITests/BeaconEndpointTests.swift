import BeaconAPI
import Ethereum
import SSZ
import Testing

@Suite("The calls")
struct BeaconEndpointTests {
    private static let key = PubKey(padding: [0xAB])
    private static let root = Root(padding: [0xCD])
    private static let randao = SignatureBytes(padding: [0xEF])

    @Test(
        "have the paths and bodies of the API",
        arguments: [
            (.genesis, "GET /eth/v1/beacon/genesis", nil),
            (.spec, "GET /eth/v1/config/spec", nil),
            (.syncing, "GET /eth/v1/node/syncing", nil),
            (.nodeVersion, "GET /eth/v1/node/version", nil),
            (
                .validators(.head, .pubKeys([key])), "POST /eth/v1/beacon/states/head/validators",
                "{\"ids\":[\"\(key.hex)\"]}"
            ),
            (
                .validators(.slot(7), .indices([1, 2])), "POST /eth/v1/beacon/states/7/validators",
                #"{"ids":["1","2"]}"#
            ),
            (.attesterDuties(5, [3, 4]), "POST /eth/v1/validator/duties/attester/5", #"["3","4"]"#),
            (.proposerDuties(5, version: .v1), "GET /eth/v1/validator/duties/proposer/5", nil),
            (.proposerDuties(5, version: .v2), "GET /eth/v2/validator/duties/proposer/5", nil),
            (.syncDuties(5, [3]), "POST /eth/v1/validator/duties/sync/5", #"["3"]"#),
            (.attestationData(9, 2), "GET /eth/v1/validator/attestation_data?slot=9&committee_index=2", nil),
            (
                .validatorsByQuery(.head, .indices([1, 2])), "GET /eth/v1/beacon/states/head/validators?id=1&id=2",
                nil
            ),
            (.nodeVersions, "GET /eth/v2/node/version", nil),
            (
                .aggregateAttestation(9, dataRoot: root, 2),
                "GET /eth/v2/validator/aggregate_attestation?attestation_data_root=\(root)&slot=9&committee_index=2",
                nil
            ),
            (
                .syncContribution(9, subcommittee: 3, blockRoot: root),
                "GET /eth/v1/validator/sync_committee_contribution?slot=9&subcommittee_index=3"
                    + "&beacon_block_root=\(root)", nil
            ),
            (
                .produceBlock(9, BlockWishes(randao: randao, graffiti: root, builderBoostFactor: .max)),
                "GET /eth/v3/validator/blocks/9?randao_reveal=\(randao)&graffiti=\(root)"
                    + "&builder_boost_factor=18446744073709551615", nil
            ),
            (
                .produceBlock(9, BlockWishes(randao: randao, graffiti: root)),
                "GET /eth/v3/validator/blocks/9?randao_reveal=\(randao)&graffiti=\(root)", nil
            ),
            (.blockHeader(.slot(9)), "GET /eth/v1/beacon/headers/9", nil),
            (.blockRoot(.head), "GET /eth/v1/beacon/blocks/head/root", nil),
            (.blockAttestations(.root(root)), "GET /eth/v2/beacon/blocks/\(root)/attestations", nil),
            (.submit(.attestations(.fulu, .single([]))), "POST /eth/v2/beacon/pool/attestations", "[]"),
            (
                .submit(.aggregates(.fulu, .electra([]), .mainnet)), "POST /eth/v2/validator/aggregate_and_proofs",
                "[]"
            ),
            (.submit(.syncMessages([])), "POST /eth/v1/beacon/pool/sync_committees", "[]"),
            (.submit(.contributions([], .mainnet)), "POST /eth/v1/validator/contribution_and_proofs", "[]"),
            (.submit(.registrations([])), "POST /eth/v1/validator/register_validator", "[]"),
            (
                .submit(.preparations([ProposerPreparation(validatorIndex: 7, feeRecipient: .zero)])),
                "POST /eth/v1/validator/prepare_beacon_proposer",
                "[{\"validator_index\":\"7\",\"fee_recipient\":\"0x\(String(repeating: "0", count: 40))\"}]"
            ),
            (
                .submit(.committeeSubscriptions([BeaconCommitteeSubscription(AttesterDuty(), isAggregator: true)])),
                "POST /eth/v1/validator/beacon_committee_subscriptions",
                #"[{"validator_index":"0","committee_index":"0","committees_at_slot":"0","slot":"0","is_aggregator":true}]"#
            ),
            (
                .submit(.syncSubscriptions([SyncCommitteeSubscription(SyncDuty(), until: 8)])),
                "POST /eth/v1/validator/sync_committee_subscriptions",
                #"[{"validator_index":"0","sync_committee_indices":[],"until_epoch":"8"}]"#
            ),
            (
                .submit(.block(.fulu, isBlinded: false, EncodedBody(.ssz, Array("S".utf8)))),
                "POST /eth/v2/beacon/blocks", "S"
            ),
            (
                .submit(.block(.fulu, isBlinded: true, EncodedBody(.json, Array("{}".utf8)))),
                "POST /eth/v2/beacon/blinded_blocks", "{}"
            ),
            (.liveness(7, [1, 20]), "POST /eth/v1/validator/liveness/7", #"["1","20"]"#),
            (.events([.head, .chainReorg]), "GET /eth/v1/events?topics=head&topics=chain_reorg", nil),
        ] as [(BeaconEndpoint, String, String?)])
    func paths(endpoint: BeaconEndpoint, line: String, body: String?) {
        #expect("\(endpoint.method.rawValue) \(endpoint.target)" == line)
        #expect(endpoint.body.map { String(decoding: $0, as: UTF8.self) } == body)
        #expect((endpoint.headers[HeaderName.contentType] == nil) == (endpoint.method == .get))
        #expect(endpoint.answerBytesMax > 0)
    }

    @Test("name the fork of submitted attestations")
    func version() {
        let endpoint = BeaconEndpoint.submit(.attestations(.electra, .single([])))
        #expect(endpoint.headers["eth-consensus-version"] == "electra")
        #expect(endpoint.isSubmission)
        let block = BeaconEndpoint.submit(.block(.fulu, isBlinded: false, EncodedBody(.ssz, [1])))
        #expect(block.headers["eth-consensus-version"] == "fulu")
        #expect(block.headers["content-type"] == MediaType.ssz)
        #expect(BeaconEndpoint.submit(.syncMessages([])).headers["eth-consensus-version"] == nil)
    }

    @Test("ask for few enough ids in one query")
    func chunks() {
        let indices = (0..<130).map { ValidatorIndex(UInt64($0)) }
        let keys = Array(repeating: Self.key, count: BeaconEndpoint.queryIDsMax)
        let parts = ValidatorSelection.indices(indices).chunks(of: 64)
        #expect(parts.map(\.count) == [64, 64, 2])
        #expect(parts.flatMap(\.ids) == ValidatorSelection.indices(indices).ids)
        #expect(ValidatorSelection.all.chunks(of: 64) == [.all])
        #expect(ValidatorSelection.pubKeys([]).chunks(of: 64).isEmpty)
        #expect(BeaconEndpoint.validatorsByQuery(.head, .pubKeys(keys)).target.utf8.count < 8 << 10)
    }

    @Test(
        "know states by name, slot and root only",
        arguments: [
            ("head", true), ("genesis", true), ("finalized", true), ("justified", true), ("0", true), ("12", true),
            ("0x" + String(repeating: "ab", count: 32), true), ("", false), ("HEAD", false), ("-1", false),
            ("1.0", false), ("0x12", false), ("../../x", false), ("head?x=1", false), ("18446744073709551616", false),
            (String(repeating: "ab", count: 32), false),
        ])
    func states(text: String, isValid: Bool) {
        #expect((StateID(text)?.description == text) == isValid)
    }

    @Test("read ids by the first one")
    func ids() {
        let upper = "0X" + Self.key.hex.dropFirst(2).uppercased()
        #expect(ValidatorSelection(ids: []) == .all)
        #expect(ValidatorSelection(ids: ["1", "2"]) == .indices([1, 2]))
        #expect(ValidatorSelection(ids: [Self.key.hex, upper]) == .pubKeys([Self.key, Self.key]))
        #expect(ValidatorSelection(ids: ["1", Self.key.hex]) == nil)
        #expect(ValidatorSelection(ids: [Self.key.hex, "1"]) == nil)
        #expect(ValidatorSelection(ids: ["0x12"]) == nil)
        #expect(ValidatorSelection(ids: ["-1"]) == nil)
        #expect(ValidatorSelection(ids: [""]) == nil)
    }

    @Test(
        "filter by status or by the start of one",
        arguments: [
            ("active", 3), ("pending", 2), ("exited", 2), ("withdrawal", 2), ("active_ongoing", 1), ("", 0),
            ("active_", 0), ("act", 0), ("unknown", 0), ("Active", 0),
        ])
    func statuses(filter: String, count: Int) {
        #expect(ValidatorStatus.matching(filter).count == count)
    }
}
