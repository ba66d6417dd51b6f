import BeaconAPI
import Hummingbird
import NIOCore

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
