import BeaconAPI
import Ethereum
import SSZ
import Testing

@Suite("The calls")
struct BeaconEndpointTests {
    private static let key = PubKey(padding: [0xAB])

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
            (.submitAttestations(.fulu, .single([])), "POST /eth/v2/beacon/pool/attestations", "[]"),
            (.events([.head, .chainReorg]), "GET /eth/v1/events?topics=head,chain_reorg", nil),
        ] as [(BeaconEndpoint, String, String?)])
    func paths(endpoint: BeaconEndpoint, line: String, body: String?) {
        #expect("\(endpoint.method.rawValue) \(endpoint.target)" == line)
        #expect(endpoint.body.map { String(decoding: $0, as: UTF8.self) } == body)
        #expect((endpoint.headers[HeaderName.contentType] == nil) == (endpoint.method == .get))
        #expect(endpoint.answerBytesMax > 0)
    }

    @Test("name the fork of submitted attestations")
    func version() {
        let endpoint = BeaconEndpoint.submitAttestations(.electra, .single([]))
        #expect(endpoint.headers["eth-consensus-version"] == "electra")
        #expect(endpoint.isSubmission)
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
