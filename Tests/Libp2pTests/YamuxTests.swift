import NIOCore
import TestSupport
import Testing

@testable import Libp2p

@Suite struct YamuxTests {
    static let now = NIODeadline.uptimeNanoseconds(1_000_000_000)

    static func frame(
        _ kind: YamuxHeader.Kind, _ flags: YamuxHeader.Flags, _ stream: UInt32, _ length: UInt32,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        var buffer = ByteBuffer()
        YamuxHeader(kind, flags, stream: stream, length: length).write(into: &buffer)
        return buffer.array + payload
    }

    static func frame(_ kind: YamuxHeader.Kind, _ stream: UInt32, _ length: UInt32) -> [UInt8] {
        frame(kind, [], stream, length)
    }

    static func open(_ session: inout Yamux) throws -> UInt32 {
        let id = session.open()
        return try #require(id)
    }

    static func data(_ stream: UInt32, _ payload: [UInt8], _ flags: YamuxHeader.Flags = []) -> [UInt8] {
        frame(.data, flags, stream, UInt32(payload.count), payload)
    }

    static func receive(_ session: inout Yamux, _ bytes: [UInt8]) throws -> [Yamux.Event] {
        var input = ByteBuffer(bytes: bytes)
        return try receive(&session, &input)
    }

    static func receive(_ session: inout Yamux, _ input: inout ByteBuffer) throws -> [Yamux.Event] {
        var events: [Yamux.Event] = []
        while let event = try session.next(&input) { events.append(event) }
        return events
    }

    static func take(_ session: inout Yamux) -> [UInt8] {
        defer { session.output.clear() }
        return session.output.array
    }

    /// Moves everything between two sessions until both are silent.
    static func exchange(_ a: inout Yamux, _ b: inout Yamux) throws -> (a: [Yamux.Event], b: [Yamux.Event]) {
        var events: (a: [Yamux.Event], b: [Yamux.Event]) = ([], [])
        while a.output.readableBytes > 0 || b.output.readableBytes > 0 {
            events.b += try receive(&b, take(&a))
            events.a += try receive(&a, take(&b))
        }
        return events
    }

    @Test("header layout")
    func header() {
        #expect(
            Self.frame(.windowUpdate, [.syn, .rst], 0x0102_0304, 0x0506_0708) == [0, 1, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test("open, talk, half-close both ways")
    func lifecycle() throws {
        var dialer = Yamux(role: .dialer)
        var listener = Yamux(role: .listener)
        let id = try Self.open(&dialer)
        #expect(id == 1)
        var hello = ByteBuffer(string: "hello")
        dialer.send(&hello, on: id)
        dialer.finish(id)
        #expect(dialer.output.array == Self.data(1, Array("hello".utf8), .syn) + Self.frame(.windowUpdate, .fin, 1, 0))
        #expect(
            try Self.exchange(&dialer, &listener).b == [
                .opened(1), .data(1, ByteBuffer(string: "hello")), .finished(1),
            ])
        var answer = ByteBuffer(string: "yes")
        listener.send(&answer, on: id)
        listener.finish(id)
        #expect(listener.output.array == Self.data(1, Array("yes".utf8), .ack) + Self.frame(.windowUpdate, .fin, 1, 0))
        #expect(
            try Self.exchange(&dialer, &listener).a == [
                .acknowledged(1), .data(1, ByteBuffer(string: "yes")), .finished(1),
            ])
        #expect(dialer.streamCount == 0)
        #expect(listener.streamCount == 0)
        #expect(try Self.open(&dialer) == 3)
        #expect(try Self.open(&listener) == 2)
    }

    @Test("payload arrives the same however the bytes are cut")
    func everySplit() throws {
        let bytes =
            Self.data(1, [1, 2, 3], .syn) + Self.frame(.ping, .syn, 0, 7) + Self.data(1, [4, 5], .fin)
            + Self.frame(.windowUpdate, .syn, 3, 10) + Self.frame(.windowUpdate, .rst, 3, 99)
        for cut in 0...bytes.count {
            var session = Yamux(role: .listener)
            var input = ByteBuffer(bytes: bytes.prefix(cut))
            var events = try Self.receive(&session, &input)
            input.writeBytes(bytes.dropFirst(cut))
            events += try Self.receive(&session, &input)
            var payload: [UInt8] = []
            var others: [Yamux.Event] = []
            for event in events {
                if case .data(1, let piece) = event { payload += piece.array } else { others.append(event) }
            }
            #expect(payload == [1, 2, 3, 4, 5])
            #expect(others == [.opened(1), .finished(1), .opened(3), .windowOpened(3), .reset(3, code: 99)])
            #expect(session.output.array == Self.frame(.ping, .ack, 0, 7))
        }
    }

    static let fatal: [([UInt8], YamuxError)] = [
        ([1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], .version(1)),
        ([0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], .type(4)),
        (frame(.data, .syn, 0, 0), .streamZero),
        (frame(.windowUpdate, 0, 1), .streamZero),
        (frame(.ping, .syn, 1, 0), .streamZero),
        (frame(.goAway, 5, 0), .streamZero),
        (frame(.windowUpdate, .syn, 2, 0), .parity(2)),
        (frame(.windowUpdate, .syn, 1, 0) + frame(.data, .syn, 1, 0), .duplicateStream(1)),
        (frame(.data, .syn, 1, 262_145), .windowExceeded(1)),
        (frame(.data, .syn, 1, .max), .windowExceeded(1)),
        (frame(.data, 1, .max), .frameTooLong(.max)),
        (frame(.windowUpdate, .syn, 1, .max), .windowOverflow(1)),
        (frame(.windowUpdate, .syn, 1, .max - 262_144) + frame(.windowUpdate, 1, 1), .windowOverflow(1)),
    ]

    @Test("fatal frames", arguments: fatal)
    func fatalFrames(bytes: [UInt8], error: YamuxError) {
        #expect(throws: error) {
            var session = Yamux(role: .listener)
            _ = try Self.receive(&session, bytes)
        }
    }

    @Test("the window counts over frames until it is granted again")
    func window() throws {
        var session = Yamux(role: .listener)
        let chunk = [UInt8](repeating: 7, count: 65_536)
        for index in 0..<4 { _ = try Self.receive(&session, Self.data(1, chunk, index == 0 ? .syn : [])) }
        session.consumed(131_071, on: 1, now: Self.now)
        #expect(session.output.readableBytes == 0)
        session.consumed(1, on: 1, now: Self.now)
        #expect(Self.take(&session) == Self.frame(.windowUpdate, .ack, 1, 131_072))
        _ = try Self.receive(&session, Self.data(1, chunk) + Self.data(1, chunk))
        #expect(throws: YamuxError.windowExceeded(1)) { _ = try Self.receive(&session, Self.data(1, [1])) }
    }

    @Test("a window emptied quickly doubles up to its maximum, a slow one stays")
    func growth() throws {
        func grant(after pause: TimeAmount, rounds: Int) throws -> [Int] {
            var session = Yamux(role: .listener)
            _ = try Self.receive(&session, Self.frame(.windowUpdate, .syn, 1, 0))
            var time = Self.now
            var room = Yamux.initialWindow
            var grants: [Int] = []
            for _ in 0..<rounds {
                _ = try Self.receive(&session, Self.data(1, [UInt8](repeating: 1, count: room)))
                session.consumed(room, on: 1, now: time)
                var output = ByteBuffer(bytes: Self.take(&session))
                let update = try #require(try YamuxHeader.read(&output))
                grants.append(Int(update.length))
                room = Int(update.length)
                time = time + pause
            }
            return grants
        }
        let kib256 = 262_144
        #expect(try grant(after: .milliseconds(10), rounds: 6) == [1, 2, 4, 8, 16, 16].map { $0 * kib256 })
        #expect(try grant(after: .seconds(1), rounds: 3) == [kib256, kib256, kib256])
    }

    @Test("sends no more than the window and goes on when it opens")
    func sendWindow() throws {
        var session = Yamux(role: .dialer)
        let id = try Self.open(&session)
        var payload = ByteBuffer(repeating: 3, count: 300_000)
        session.send(&payload, on: id)
        #expect(payload.readableBytes == 300_000 - 262_144)
        #expect(session.sendWindow(id) == 0)
        var wire = ByteBuffer(bytes: Self.take(&session))
        var sent = 0
        while let header = try YamuxHeader.read(&wire) {
            #expect(header.length <= 65_524)
            sent += Int(header.length)
            wire.moveReaderIndex(forwardBy: Int(header.length))
        }
        #expect(sent == 262_144)
        // The length of a reset is a code, never a credit.
        #expect(
            try Self.receive(&session, Self.frame(.windowUpdate, .ack, id, 16 << 20)) == [
                .acknowledged(1), .windowOpened(1),
            ])
        session.send(&payload, on: id)
        #expect(payload.readableBytes == 0)
        #expect(try Self.receive(&session, Self.frame(.windowUpdate, .rst, id, 4711)) == [.reset(1, code: 4711)])
        #expect(session.sendWindow(id) == 0)
    }

    @Test("late frames for streams that are gone are discarded, whatever they carry")
    func lateFrames() throws {
        var session = Yamux(role: .dialer)
        let id = try Self.open(&session)
        session.acknowledge(id)
        var byte = ByteBuffer(bytes: [1])
        session.send(&byte, on: id)
        session.reset(id, code: 5)
        #expect(
            Self.take(&session) == Self.data(1, [1], .syn) + Self.frame(.windowUpdate, .rst, 1, 5))
        let late =
            Self.data(id, [UInt8](repeating: 1, count: 300_000), .ack) + Self.frame(.windowUpdate, .ack, id, .max)
            + Self.frame(.windowUpdate, .fin, id, 0) + Self.frame(.windowUpdate, .rst, id, 1) + Self.data(8, [1, 2])
            + Self.frame(.windowUpdate, .syn, 2, 0)
        #expect(try Self.receive(&session, late) == [.opened(2)])
    }

    @Test("data after the peer's FIN is discarded")
    func dataAfterFin() throws {
        var session = Yamux(role: .listener)
        let bytes = Self.data(1, [1], [.syn, .fin]) + Self.data(1, [2]) + Self.frame(.windowUpdate, .fin, 1, 0)
        #expect(
            try Self.receive(&session, bytes) == [.opened(1), .data(1, ByteBuffer(bytes: [1])), .finished(1)])
    }

    @Test("streams beyond the backlog or the maximum are refused with a reset")
    func tooManyStreams() throws {
        var limits = Yamux.Limits()
        limits.backlogMax = 2
        limits.streamsMax = 3
        var session = Yamux(role: .listener, limits: limits)
        let opens: [UInt32] = [1, 3, 5]
        let bytes = opens.flatMap { Self.data($0, [1, 2], .syn) }
        let events = try Self.receive(&session, bytes)
        #expect(events.filter { if case .data = $0 { false } else { true } } == [.opened(1), .opened(3), .refused(5)])
        #expect(Self.take(&session) == Self.frame(.windowUpdate, .rst, 5, 0))
        // Acknowledged ones leave the backlog, but count as open.
        session.acknowledge(1)
        session.acknowledge(3)
        #expect(
            try Self.receive(&session, Self.frame(.windowUpdate, .syn, 7, 0) + Self.frame(.windowUpdate, .syn, 9, 0))
                == [.opened(7), .refused(9)])
        session.reset(1)
        #expect(try Self.receive(&session, Self.frame(.windowUpdate, .syn, 11, 0)) == [.opened(11)])
    }

    @Test("we hold back our own opens at the peer's backlog")
    func ownBacklog() throws {
        var limits = Yamux.Limits()
        limits.backlogMax = 2
        var session = Yamux(role: .dialer, limits: limits)
        let ids = [session.open(), session.open(), session.open()]
        #expect(ids == [1, 3, nil])
        #expect(try Self.receive(&session, Self.frame(.windowUpdate, .ack, 1, 0)) == [.acknowledged(1)])
        #expect(try Self.open(&session) == 5)
        let next = session.open()
        #expect(next == nil)
        session.reset(3)
        #expect(try Self.open(&session) == 7)
    }

    @Test("unread bytes are bounded over all streams")
    func unreadBound() throws {
        var limits = Yamux.Limits()
        limits.unreadMax = 10
        var session = Yamux(role: .listener, limits: limits)
        #expect(try Self.receive(&session, Self.data(1, [UInt8](repeating: 1, count: 8), .syn)).count == 2)
        #expect(try Self.receive(&session, Self.data(3, [1, 2, 3, 4], .syn)) == [.opened(3), .overflowed(3)])
        session.consumed(8, on: 1, now: Self.now)
        #expect(try Self.receive(&session, Self.data(5, [1, 2, 3, 4], .syn)).count == 2)
    }

    @Test("pings are echoed, a flood only as far as the peer reads")
    func pings() throws {
        var session = Yamux(role: .listener)
        let flood = (0..<1000).flatMap { Self.frame(.ping, .syn, 0, $0) }
        #expect(try Self.receive(&session, flood) == [])
        #expect(Self.take(&session) == (0..<32).flatMap { Self.frame(.ping, .ack, 0, $0) })
        session.drained()
        _ = try Self.receive(&session, Self.frame(.ping, .syn, 0, .max))
        #expect(Self.take(&session) == Self.frame(.ping, .ack, 0, .max))
        #expect(try Self.receive(&session, Self.frame(.ping, .ack, 0, 9)) == [.pong(9)])
        // A ping without SYN or ACK means nothing.
        #expect(try Self.receive(&session, Self.frame(.ping, 0, 9)) == [])
        #expect(session.output.readableBytes == 0)
    }

    @Test("refusals owed to a peer that does not read are bounded")
    func refusalFlood() throws {
        var limits = Yamux.Limits()
        limits.streamsMax = 0
        limits.answersMax = 100
        var session = Yamux(role: .listener, limits: limits)
        let opens = (0..<100).flatMap { Self.frame(.windowUpdate, .syn, UInt32(2 * $0 + 1), 0) }
        #expect(try Self.receive(&session, opens).count == 100)
        #expect(throws: YamuxError.flooded) { _ = try Self.receive(&session, Self.frame(.windowUpdate, .syn, 999, 0)) }
    }

    @Test("so are resets of its streams, whoever decided on them", arguments: [true, false])
    func resetFlood(byOverflow: Bool) throws {
        var limits = Yamux.Limits()
        limits.unreadMax = byOverflow ? 1 : 1000
        limits.answersMax = 100
        var session = Yamux(role: .listener, limits: limits)
        _ = try Self.receive(&session, Self.data(1, [1], .syn))
        #expect(throws: YamuxError.flooded) {
            for index in 1..<1000 {
                let id = UInt32(2 * index + 1)
                _ = try Self.receive(&session, Self.data(id, [1], .syn))
                session.reset(id)
            }
        }
        #expect(session.output.readableBytes == 101 * YamuxHeader.bytes)
        // Our own streams are ours to reset.
        var dialer = Yamux(role: .dialer, limits: limits)
        for _ in 0..<200 {
            let id = try Self.open(&dialer)
            dialer.finish(id)
            dialer.reset(id)
        }
        #expect(try Self.receive(&dialer, Self.frame(.ping, .ack, 0, 9)) == [.pong(9)])
    }

    @Test("GoAway ends everything")
    func goAway() throws {
        var session = Yamux(role: .dialer)
        let id = try Self.open(&session)
        #expect(try Self.receive(&session, Self.frame(.goAway, 0, 2) + Self.data(2, [1], .syn)) == [.wentAway(code: 2)])
        var byte = ByteBuffer(bytes: [1])
        session.send(&byte, on: id)
        session.ping(1)
        let next = session.open()
        #expect(next == nil)
        #expect(session.output.readableBytes == 0)
        var other = Yamux(role: .dialer)
        other.goAway(code: 1)
        #expect(Self.take(&other) == Self.frame(.goAway, 0, 1))
    }

    @Test("random frames never trap, and the books balance")
    func randomFrames() throws {
        var dice = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            var session = Yamux(role: .listener)
            var input = ByteBuffer()
            for _ in 0..<60 {
                let kind =
                    YamuxHeader.Kind(rawValue: UInt8(dice.next() % 16 == 0 ? dice.next() % 4 : dice.next() % 2))
                    ?? .data
                let stream = kind == .data || kind == .windowUpdate ? UInt32(1 + 2 * (dice.next() % 4)) : 0
                let payload = kind == .data ? dice.bytes(Int(dice.next() % 50)) : []
                let length = kind == .data ? UInt32(payload.count) : UInt32(dice.next() % 1000)
                input.writeBytes(
                    Self.frame(kind, .init(rawValue: UInt16(dice.next() % 16)), stream, length, payload))
                switch dice.next() % 5 {
                case 0: session.reset(stream)
                case 1: session.finish(stream)
                case 2: session.consumed(Int(dice.next() % 100), on: stream, now: Self.now)
                case 3: session.acknowledge(stream)
                default: break
                }
                if (try? Self.receive(&session, &input)) == nil { break }
            }
            for id in UInt32(0)..<10 { session.reset(id) }
            #expect(session.streamCount == 0)
        }
        for _ in 0..<2000 {
            var session = Yamux(role: .dialer)
            _ = try? Self.receive(&session, dice.bytes(200))
        }
    }
}
