import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOHTTP1

/// An answer taken in as a whole, within what all answers of its kind may hold together.
final class CountedAnswer: HTTPClientResponseDelegate {
    typealias Response = HTTPClient.Response

    private let whole: ResponseAccumulator
    private let share: ByteBudget.Share

    init(_ whole: ResponseAccumulator, holding share: ByteBudget.Share) {
        self.whole = whole
        self.share = share
    }

    func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        whole.didReceiveHead(task: task, head)
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        guard share.take(part.readableBytes) else {
            let cause = BeaconError.Cause.absent("the answers that are passed on are too large together")
            return task.eventLoop.makeFailedFuture(cause)
        }
        return whole.didReceiveBodyPart(task: task, part)
    }

    func didReceiveError(task: HTTPClient.Task<Response>, _ error: any Error) {
        whole.didReceiveError(task: task, error)
    }

    func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
        try whole.didFinishRequest(task: task)
    }
}
