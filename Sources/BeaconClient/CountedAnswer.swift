import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOHTTP1
import Synchronization

/// An answer taken in as a whole, within what all answers of its kind may hold together.
final class CountedAnswer: HTTPClientResponseDelegate {
    typealias Response = HTTPClient.Response

    private let whole: ResponseAccumulator
    private let share: ByteBudget.Share
    /// Of the share, by an answer that is still to come.
    private let taken = Mutex(0)

    init(_ whole: ResponseAccumulator, holding share: ByteBudget.Share) {
        self.whole = whole
        self.share = share
    }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        whole.didReceiveHead(task: task, head)
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        guard share.take(part.readableBytes) else {
            let cause = BeaconError.Cause.absent("the answers of beacon nodes are too large together")
            return task.eventLoop.makeFailedFuture(cause)
        }
        taken.withLock { $0 += part.readableBytes }
        return whole.didReceiveBodyPart(task: task, part)
    }

    func didReceiveError(task: HTTPClient.Task<Response>, _ error: any Error) {
        whole.didReceiveError(task: task, error)
        // A node that sends too much takes nothing from those that do not.
        share.giveBack(forget())
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
        _ = forget()
        return try whole.didFinishRequest(task: task)
    }

    private func forget() -> Int {
        taken.withLock { taken in
            defer { taken = 0 }
            return taken
        }
    }
}
