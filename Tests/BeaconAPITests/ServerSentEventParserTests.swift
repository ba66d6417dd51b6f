import BeaconAPI
import TestSupport
import Testing

@Suite("Server-sent events")
struct ServerSentEventParserTests {
    private static func parse(_ text: String, chunk: Int = .max) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            events += try parser.receive(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
        }
        return events
    }

    private typealias Row = (text: String, events: [ServerSentEvent])
    private static let rows: [Row] = [
        ("event: head\ndata: {}\n\n", [ServerSentEvent(name: "head", data: "{}")]),
        ("event: head\r\ndata: {}\r\n\r\n", [ServerSentEvent(name: "head", data: "{}")]),
        ("event: head\rdata: {}\r\r", [ServerSentEvent(name: "head", data: "{}")]),
        ("event:head\ndata:{}\n\n", [ServerSentEvent(name: "head", data: "{}")]),
        ("data: a\ndata:  b\ndata\n\n", [ServerSentEvent(name: "message", data: "a\n b\n")]),
        (": comment\n\ndata: x\n\n", [ServerSentEvent(name: "message", data: "x")]),
        (":\n\n:\n\n", []),
        ("event: lonely\n\ndata: x\n\n", [ServerSentEvent(name: "message", data: "x")]),
        ("data: unfinished\n", []),
        ("\u{FEFF}data: x\n\n", [ServerSentEvent(name: "message", data: "x")]),
        ("unknown: field\ndata: x\nnonsense\n\n", [ServerSentEvent(name: "message", data: "x")]),
        (
            "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: 9\u{0}\ndata: d\n\n",
            [
                ServerSentEvent(name: "message", data: "a", lastEventID: "7"),
                ServerSentEvent(name: "message", data: "b", lastEventID: "7"),
                ServerSentEvent(name: "message", data: "c", lastEventID: ""),
                ServerSentEvent(name: "message", data: "d", lastEventID: ""),
            ]
        ),
        ("data: :colon: \n\n", [ServerSentEvent(name: "message", data: ":colon: ")]),
    ]

    @Test("reads the same events however the bytes are cut", arguments: [1, 2, 3, 7, Int.max])
    func chunks(chunk: Int) throws {
        for row in Self.rows {
            #expect(try Self.parse(row.text, chunk: chunk) == row.events, "\(row.text.debugDescription)")
        }
    }

    @Test(
        "takes the server's retry if it is a number",
        arguments: [
            ("retry: 2500\n", Duration.milliseconds(2500)), ("retry:10\n", .milliseconds(10)), ("retry: 1s\n", nil),
            ("retry: -5\n", nil), ("retry: 99999999999999999999\n", nil), ("retry:\n", nil),
        ] as [(String, Duration?)])
    func retry(text: String, retry: Duration?) throws {
        var parser = ServerSentEventParser()
        _ = try parser.receive(text.utf8)
        #expect(parser.retry == retry)
    }

    @Test("refuses lines and events beyond the bounds, not those at them")
    func bounds() throws {
        let limits = ServerSentEventParser.Limits(lineBytesMax: 16, eventBytesMax: 24)
        var parser = ServerSentEventParser(limits: limits)
        #expect(throws: Never.self) { try parser.receive("data: 0123456789\n".utf8) }
        #expect(throws: ServerSentEventError.eventTooLong(bytesMax: 24)) {
            try parser.receive("data: 0123456789\ndata: 01\n".utf8)
        }
        parser = ServerSentEventParser(limits: limits)
        #expect(throws: ServerSentEventError.lineTooLong(bytesMax: 16)) {
            try parser.receive("data: 0123456789A".utf8)
        }
        parser = ServerSentEventParser(limits: limits)
        #expect(throws: ServerSentEventError.lineTooLong(bytesMax: 16)) {
            try parser.receive((":" + String(repeating: "x", count: 16)).utf8)
        }
    }

    @Test("survives any bytes", arguments: 0..<50 as Range<UInt64>)
    func anyBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("data:event id\r\n\n\n: \u{FEFF}é".utf8) + [0, 0xFF, 0xC0]
        var parser = ServerSentEventParser()
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            for event in try parser.receive(bytes) { #expect(!event.name.isEmpty) }
        }
    }

    @Test("what we send is what is read", arguments: ["{}", "two\nlines", " leading", ""])
    func sends(data: String) throws {
        let event = ServerSentEvent(name: "head", data: data, lastEventID: "3")
        #expect(try Self.parse(String(decoding: event.bytes(), as: UTF8.self)) == [event])
    }
}
