import Ethereum
import SSZ
import Testing

@testable import RemoteSigner

@Suite("signers' answers") struct SignerAnswerTests {
    private static let signature = SignatureBytes(padding: [0xAB, 0xCD])
    private static let hex = signature.hex

    @Test(
        "a signature as JSON, as text, with blanks around, in any letter case",
        arguments: [
            "{\"signature\":\"\(hex)\"}", " {\"signature\" : \"\(hex)\", \"more\":[1]}\n", hex, hex + "\n", " \(hex) ",
            "\"\(hex)\"", "0x" + hex.dropFirst(2).uppercased(), String(hex.dropFirst(2)),
        ])
    func signatures(text: String) {
        #expect(SignerAnswer(status: 200, body: Array(text.utf8)) == .signature(Self.signature))
    }

    @Test(
        "what is no signature is garbage",
        arguments: [
            "", "{}", "[]", "null", "{\"signature\":5}", "{\"signature\":\"0x12\"}", hex + "00", "0x" + hex,
            "<html>hello</html>", "{\"signature\":\"\(hex)\"", String(repeating: "[", count: 10_000),
        ])
    func garbage(text: String) {
        guard case .garbage = SignerAnswer(status: 200, body: Array(text.utf8)) else {
            Issue.record("taken: \(text.prefix(40))")
            return
        }
    }

    @Test("a body beyond the bound is garbage, and little of it is kept")
    func long() {
        let body = [UInt8](repeating: UInt8(ascii: " "), count: SignerAnswer.bytesMax) + Array(Self.hex.utf8)
        #expect(SignerAnswer(status: 200, body: body) == .garbage(""))
        let noise = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(
            SignerAnswer(status: 500, body: noise) == .broken(status: 500, String(repeating: "x", count: 200) + "…"))
    }

    @Test(
        "statuses",
        arguments: [
            (400, SignerAnswer.rejected(status: 400, "no")), (401, .rejected(status: 401, "no")),
            (302, .rejected(status: 302, "no")), (404, .noKey), (412, .refused("no")),
            (500, .broken(status: 500, "no")), (503, .broken(status: 503, "no")), (204, .rejected(status: 204, "no")),
        ])
    func statuses(status: Int, answer: SignerAnswer) {
        #expect(SignerAnswer(status: status, body: Array("no".utf8)) == answer)
    }

    @Test("what a signer repeats of our secrets is masked")
    func secrets() {
        let answer = SignerAnswer(status: 400, body: Array("who is hunter22?".utf8), secrets: ["hunter22"])
        #expect(answer == .rejected(status: 400, "who is ***?"))
    }

    @Test("marks on letters neither hide a secret nor make a long text short")
    func marks() {
        let hidden = SignerAnswer(status: 412, body: Array("hunter22\u{301}?".utf8), secrets: ["hunter22"])
        guard case .refused(let text) = hidden else { Issue.record("\(hidden)"); return }
        #expect(Array(text.utf8) == Array("***\u{301}?".utf8))
        let marks = [UInt8](String(repeating: "\u{301}", count: 20_000).utf8)
        guard case .refused(let long) = SignerAnswer(status: 412, body: marks) else { Issue.record("taken"); return }
        #expect(long.unicodeScalars.count == 201)
    }

    @Test("lists of keys")
    func keys() throws {
        let keys = (1...3).map { PubShare(padding: [UInt8($0)]) }
        let text = "[" + (keys + [keys[0]]).map { "\"\($0.hex)\"" }.joined(separator: ", ") + "]"
        #expect(try SignerKeys.parse(text.utf8) == Set(keys))
        #expect(try SignerKeys.parse("[]".utf8).isEmpty)
        for wrong in ["", "{}", "[1]", "[\"0x12\"]", "[\"\(keys[0].hex)\"", "null"] {
            #expect(throws: (any Error).self) { try SignerKeys.parse(wrong.utf8) }
        }
    }
}
