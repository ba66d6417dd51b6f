import Ethereum
import Program
import SSZ
import Testing

@testable import Node

@Suite("Graffiti")
struct GraffitiTests {
    private let validators = (0..<3).map { PubKey(padding: [0x80, UInt8($0)]) }

    private func text(_ bytes: Bytes32?) -> String? {
        bytes.map { String(decoding: $0.bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }

    @Test("without any blocks carry this program's name, whatever the beacon node is")
    func none() {
        let graffiti = Graffiti(texts: [], isTagged: true)
        #expect(!graffiti.asksBeaconNode)
        for text in graffiti.of(validators, beaconNode: "Lighthouse/v8").values.map({ self.text($0) }) {
            #expect(text == "\(BuildInfo.client)/\(BuildInfo.version)")
        }
    }

    @Test(
        "letters for this program and the beacon node's are appended",
        arguments: [
            ("teku/v25.9.3/linux", "SXTK"), ("Lighthouse/v8.0.0-1/x86_64-linux", "SXLH"), ("Lodestar/v1.35.0", "SXLS"),
            ("Prysm/v6.1.0", "SXPY"), ("Nimbus/v25.9.2-a", "SXNB"), ("Grandine/2.0.0", "SXGD"), ("other/1", "SX"),
            (nil, "SX"),
        ] as [(String?, String)])
    func letters(beaconNode: String?, expected: String) {
        let graffiti = Graffiti(texts: ["hi"], isTagged: true)
        #expect(graffiti.asksBeaconNode)
        #expect(text(graffiti.of(validators, beaconNode: beaconNode)[validators[2]]) == "hi\(expected)")
    }

    @Test("one text each goes by the lock's order; without letters all 32 bytes are the operator's")
    func each() throws {
        let long = String(repeating: "x", count: 32)
        let graffiti = Graffiti(texts: ["a", "b", long], isTagged: false)
        try graffiti.validate()
        try graffiti.validate(validators: 3)
        #expect(!graffiti.asksBeaconNode)
        let order = Array(validators.reversed())
        let all = graffiti.of(order, beaconNode: "Prysm")
        #expect(order.map { text(all[$0]) } == ["a", "b", long])
    }

    @Test("a single validator's text comes before all others")
    func set() {
        for texts in [[], ["all"], ["a", "b", "c"]] {
            let all = Graffiti(texts: texts, isTagged: true)
                .of(validators, beaconNode: "teku", set: [validators[1]: "mine"])
            #expect(text(all[validators[1]]) == "mineSXTK")
            #expect(text(all[validators[0]])?.hasPrefix("mine") == false)
        }
    }

    @Test(
        "what does not fit is refused, naming the flag and the cure",
        arguments: [(29, true, "28"), (33, false, "32"), (28, true, nil), (32, false, nil)] as [(Int, Bool, String?)])
    func limits(bytes: Int, isTagged: Bool, cure: String?) {
        // Two bytes in UTF-8 each but for the first.
        let texts = ["ok", String(repeating: "é", count: bytes / 2) + (bytes.isMultiple(of: 2) ? "" : "e")]
        do {
            try Graffiti(texts: texts, isTagged: isTagged).validate()
            #expect(cure == nil)
        } catch {
            #expect(error.flag == "graffiti" && error.what.contains("\(bytes)"))
            #expect(cure.map { error.cure.contains($0) } == true)
        }
        #expect(throws: ConfigurationError.self) {
            try Graffiti(texts: ["a", "b"], isTagged: isTagged).validate(validators: 3)
        }
    }

    @Test("one or none is for any number of validators")
    func counts() throws {
        for texts in [[], ["a"]] { try Graffiti(texts: texts, isTagged: true).validate(validators: 1000) }
    }
}
