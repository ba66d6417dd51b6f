import BLS
import Ethereum
import SSZ
import Testing

@testable import Node

@Suite struct PointStoreTests {
    private static let points = (0..<12).map { UncheckedSignature(SecretKey.random().sign(SHA256.hash([UInt8($0)]))) }
    private var points: [UncheckedSignature] { Self.points }

    @Test("decodes what is expected, in order, and gives each once")
    func once() {
        var store = PointStore(capacity: 12)
        store.expect(points.prefix(3).map(\.bytes))
        store.expect(points.prefix(4).map(\.bytes))
        #expect(store.nextExpected(3) == points.prefix(3).map(\.bytes))
        #expect(store.nextExpected(3) == [points[3].bytes])
        #expect(store.nextExpected(3).isEmpty)
        store.decoded(points[0].bytes, points[0])
        #expect(store.take(points[0].bytes)?.bytes == points[0].bytes)
        #expect(store.take(points[0].bytes) == nil)
        store.keep(points[9])
        #expect(store.take(points[9].bytes)?.bytes == points[9].bytes)
    }

    @Test("what was taken or is no point is neither decoded nor put back")
    func taken() {
        var store = PointStore(capacity: 12)
        store.expect(points.prefix(3).map(\.bytes))
        #expect(store.take(points[0].bytes) == nil)
        #expect(store.nextExpected(9) == [points[1].bytes, points[2].bytes])
        #expect(store.take(points[1].bytes) == nil)
        store.decoded(points[1].bytes, points[1])
        #expect(store.take(points[1].bytes) == nil)
        store.decoded(points[2].bytes, nil)
        #expect(store.take(points[2].bytes) == nil)
        #expect(store.count == 0)
    }

    @Test("holds no more than it may, and forgets the oldest", arguments: [1, 2, 5])
    func bound(capacity: Int) {
        var store = PointStore(capacity: capacity)
        for point in points {
            store.expect([point.bytes])
            #expect(store.count <= capacity)
        }
        #expect(store.nextExpected(20).last == points.last?.bytes)
        for point in points { store.keep(point) }
        #expect(store.count <= capacity)
        #expect(store.take(points[11].bytes) != nil)
        #expect(store.take(points[0].bytes) == nil)
    }
}
