import NIOCore
import NIOHPACK
import Testing

@testable import OTLP

@Suite("UnaryResponse")
struct UnaryResponseTests {
    enum Part {
        case headers(HPACKHeaders, end: Bool)
        case data([UInt8], end: Bool)
    }

    private static let head = Part.headers([":status": "200", "content-type": "application/grpc"], end: false)
    private static let empty = Part.data([0, 0, 0, 0, 0], end: false)
    private static func trailers(_ code: String, _ message: String? = nil) -> Part {
        var headers: HPACKHeaders = ["grpc-status": code]
        if let message { headers.add(name: "grpc-message", value: message) }
        return .headers(headers, end: true)
    }

    private func answer(_ parts: [Part]) -> UnaryAnswer? {
        var response = UnaryResponse()
        for part in parts {
            let answer =
                switch part {
                case .headers(let headers, let end): response.headers(headers, endsStream: end)
                case .data(let bytes, let end): response.data(ByteBuffer(bytes: bytes), endsStream: end)
                }
            if let answer { return answer }
        }
        return nil
    }

    @Test("a message, whole or in pieces")
    func message() {
        #expect(answer([Self.head, Self.empty, Self.trailers("0")]) == .message([]))
        let pieces: [Part] = [.data([0, 0], end: false), .data([0, 0, 2, 7], end: false), .data([8], end: false)]
        #expect(answer([Self.head] + pieces + [Self.trailers("0")]) == .message([7, 8]))
        let early = Part.headers([":status": "100"], end: false)
        #expect(answer([early, Self.head, Self.empty, Self.trailers("0")]) == .message([]))
    }

    @Test("nothing is said before the end")
    func open() {
        #expect(answer([Self.head, Self.empty]) == nil)
        #expect(answer([Self.head]) == nil)
    }

    @Test("a status, after an answer or instead of one, with its text decoded")
    func status() {
        #expect(answer([Self.head, Self.trailers("14", "try%20again%0A%zz%")]) == .status(14, "try again?%zz%"))
        let only: HPACKHeaders = [":status": "200", "content-type": "application/grpc+proto", "grpc-status": "16"]
        #expect(answer([.headers(only, end: true)]) == .status(16, ""))
        let long = String(repeating: "%41", count: 5000)
        #expect(answer([Self.head, Self.trailers("2", long)]) == .status(2, String(repeating: "A", count: 240)))
    }

    @Test("what is no gRPC is named by its HTTP status")
    func http() {
        #expect(answer([.headers([":status": "404", "content-type": "text/html"], end: false)]) == .http(404))
        #expect(answer([.headers([":status": "200", "content-type": "text/html"], end: false)]) == .http(200))
        #expect(answer([.headers([":status": "503"], end: true)]) == .http(503))
        #expect(answer([.headers([":status": "100"], end: true)]) == .http(100))
    }

    @Test(
        "what is broken is told apart from what is refused",
        arguments: [
            [.headers([:], end: false)],
            [.headers([":status": "200 OK"], end: false)],
            [.data([0], end: false)],
            [head, .data([0, 0, 0, 0, 0], end: true)],
            [head, head],
            [head, empty, .headers([:], end: true)],
            [head, empty, trailers("ok")],
            [head, empty, trailers("-1")],
            // No message, two, a compressed one, one that is longer than it says, and shorter.
            [head, trailers("0")],
            [head, empty, empty, trailers("0")],
            [head, .data([1, 0, 0, 0, 0], end: false), trailers("0")],
            [head, .data([0, 0, 0, 0, 0, 1], end: false), trailers("0")],
            [head, .data([0, 0xff, 0xff, 0xff, 0xff, 1], end: false), trailers("0")],
            [head, .data([0, 0, 0], end: false), trailers("0")],
        ] as [[Part]])
    func broken(parts: [Part]) {
        guard case .broken? = answer(parts) else {
            Issue.record("\(String(describing: answer(parts)))")
            return
        }
    }

    @Test("no more is kept than an answer may have")
    func bytesMax() {
        var response = UnaryResponse()
        _ = response.headers([":status": "200", "content-type": "application/grpc"], endsStream: false)
        let part = ByteBuffer(repeating: 0, count: 1 << 14)
        var answers: [UnaryAnswer?] = []
        for _ in 0..<6 { answers.append(response.data(part, endsStream: false)) }
        #expect(answers.prefix(4).allSatisfy { $0 == nil })
        #expect(answers[4] == .broken("an answer of more than 65536 bytes"))
    }
}
