import Ethereum
import RemoteSigner
import SSZ

/// What a remote signer may answer.
enum SignerFuzz {
    private static let statuses = [200, 302, 400, 404, 412, 500, 503]
    /// What a signer may repeat and nobody may be told.
    static let secret = "Sec-Word"
    /// Of what is told of an answer, with its ellipsis.
    private static let scalarsMax = 201

    /// Byte 0: a list of keys, or the status of the answer to a request for a signature; then the body.
    static func answer(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let kind = source.choice(1 + statuses.count)
        let body = source.rest()
        return kind == 0 ? keys(body) : signature(statuses[kind - 1], body)
    }

    private static func keys(_ body: [UInt8]) -> String {
        outcome {
            let keys = try SignerKeys.parse(body)
            let text = JSONValue.array(keys.sorted().map { .string($0.hex) }).bytes()
            precondition((try? SignerKeys.parse(text)) == keys, "keys changed")
            return "keys\(min(keys.count, 2))"
        }
    }

    private static func signature(_ status: Int, _ body: [UInt8]) -> String {
        switch SignerAnswer(status: status, body: body, secrets: [secret]) {
        case .signature(let signature):
            precondition(status == 200)
            for text in [signature.hex, "{\"signature\":\"\(signature.hex)\"}"] {
                let again = SignerAnswer(status: 200, body: Array(text.utf8))
                precondition(again == .signature(signature), "signature changed")
            }
            return "signature"
        case .garbage(let text):
            precondition(status == 200)
            return told(text)
        case .noKey:
            precondition(status == 404)
            return "no key"
        case .refused(let text):
            precondition(status == 412)
            return told(text)
        case .broken(let code, let text):
            precondition(code == status && status >= 500)
            return told(text)
        case .rejected(let code, let text):
            precondition(code == status && [302, 400].contains(status))
            return told(text)
        }
    }

    private static func told(_ text: String) -> String {
        precondition(text.unicodeScalars.count <= scalarsMax, "too long for a log")
        precondition(Array(text.utf8).firstRange(of: Array(secret.utf8)) == nil, "a secret is told")
        precondition(!text.unicodeScalars.contains { $0.value < 0x20 }, "more than a line")
        return text.isEmpty ? "nothing" : text.contains("***") ? "masked" : "text"
    }
}
