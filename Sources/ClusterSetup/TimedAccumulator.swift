import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Gathers an answer, and notes when its head came.
final class TimedAccumulator: HTTPClientResponseDelegate, Sendable {
    typealias Response = HTTPClient.Response

    private let accumulator: ResponseAccumulator
    private let now: @Sendable () -> Duration
    private let head = Mutex<Duration?>(nil)

    init(_ accumulator: ResponseAccumulator, now: @escaping @Sendable () -> Duration) {
        self.accumulator = accumulator
        self.now = now
    }

    /// nil before there is a head.
    var headAt: Duration? { head.withLock { $0 } }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let now = now()
        self.head.withLock { $0 = now }
        return accumulator.didReceiveHead(task: task, head)
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        accumulator.didReceiveBodyPart(task: task, buffer)
    }

    func didReceiveError(task: HTTPClient.Task<Response>, _ error: any Error) {
        accumulator.didReceiveError(task: task, error)
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
        try accumulator.didFinishRequest(task: task)
    }
}
