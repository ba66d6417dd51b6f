import Hummingbird
import NIOCore
import Synchronization

/// Bytes of bodies that all requests together may hold.
final class ByteBudget: Sendable {
    private let bytesMax: Int
    private let held = Mutex(0)

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// What one request holds; given back when it is dropped.
    final class Share: Sendable {
        private let budget: ByteBudget
        private let bytes = Mutex(0)

        fileprivate init(_ budget: ByteBudget) {
            self.budget = budget
        }

        deinit {
            let bytes = bytes.withLock { $0 }
            budget.held.withLock { $0 -= bytes }
        }

        /// - Returns: false, and nothing is taken, when all requests together would hold too much.
        func take(_ count: Int) -> Bool {
            let isTaken = budget.held.withLock { held in
                guard count <= budget.bytesMax - held else { return false }
                held += count
                return true
            }
            if isTaken { bytes.withLock { $0 += count } }
            return isTaken
        }
    }

    func share() -> Share { Share(self) }
}

extension Request {
    /// The whole body, counted as it comes.
    ///
    /// - Throws: 413 beyond `bytesMax`, 503 when all requests together hold too much. The rest is read and dropped then.
    func collectBody(upTo bytesMax: Int, holding share: ByteBudget.Share) async throws -> ByteBuffer {
        if let text = headers[.contentLength], let length = Int(text), length > bytesMax {
            throw APIFault.bodyTooLarge
        }
        var whole = ByteBuffer()
        for try await chunk in body {
            guard chunk.readableBytes <= bytesMax - whole.readableBytes else { throw APIFault.bodyTooLarge }
            guard share.take(chunk.readableBytes) else { throw APIFault.tooManyBytes }
            whole.writeImmutableBuffer(chunk)
        }
        return whole
    }
}
