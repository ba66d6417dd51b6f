import Foundation
import Libp2p
import Logging
import Testing

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct AddressBookTests {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("book-\(UUID())")
    var path: String { directory.appendingPathComponent("peers.json").path }

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

    func book(of numbers: [UInt8], pause: DispatchTimeInterval = .seconds(3600)) throws -> AddressBook {
        AddressBook(
            path: path, peers: Set(try numbers.map(RelayResolverTests.relay)), pause: pause,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("many changes are one write, of the newest; strangers are not kept")
    func newestWins() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let (one, two, stranger) = (
            try RelayResolverTests.relay(1), try RelayResolverTests.relay(2), try RelayResolverTests.relay(3)
        )
        let book = try book(of: [1, 2])
        for port in 1...1000 {
            let addresses = (0..<20).map { Multiaddr([.ip4($0), .tcp(UInt16(port))]) }
            for peer in [one, two, stranger] { book.note(peer, addresses) }
            book.note(two, [])
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        await book.flush()
        let kept = (0..<8).map { Multiaddr([.ip4($0), .tcp(1000)]) }
        for read in [book, try self.book(of: [1, 2, 3])] {
            #expect(read[one] == kept && read[two] == kept && read[stranger].isEmpty)
        }
        // Who has left the cluster is forgotten.
        #expect(try self.book(of: [2])[one].isEmpty)
        // Nothing new, nothing written.
        try FileManager.default.removeItem(atPath: path)
        book.note(one, kept)
        await book.flush()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("a change is written after the pause, and so is the next")
    func planned() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let peer = try RelayResolverTests.relay(1)
        let book = try book(of: [1], pause: .milliseconds(1))
        for port in 1...3 as ClosedRange<UInt16> {
            let addresses = [Multiaddr([.ip4(0x0102_0304), .tcp(port)])]
            book.note(peer, addresses)
            while try self.book(of: [1])[peer] != addresses { try await Task.sleep(for: .milliseconds(2)) }
        }
    }

    @Test("what cannot be written is written later")
    func unwritable() async throws {
        try FileManager.default.removeItem(at: directory)
        defer { try? FileManager.default.removeItem(at: directory) }
        let peer = try RelayResolverTests.relay(1)
        let addresses = [Multiaddr([.ip4(0x0102_0304), .tcp(1)])]
        let book = try book(of: [1])
        book.note(peer, addresses)
        await book.flush()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        await book.flush()
        #expect(try self.book(of: [1])[peer] == addresses)
    }
}
