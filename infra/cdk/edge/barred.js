// Viewer request of the distribution that serves published files (CloudFront Functions, JavaScript runtime 2.0).
//
// A link names the clip and the people in it, each by the version that the read gate judged: ?judged=video_1.4~like_2.7.
// The key value store says of a name from which version on links are let: "8 1790000000", a version and when it was
// written. Whatever cannot be read or asked is refused. The signature, which covers the names, is CloudFront's part.
import cf from 'cloudfront';

const list = cf.kvs();
const NAMED = /^([A-Za-z0-9_-]{1,80})\.([0-9]{1,9})$/;
const MOST = 24;

function refused() {
    return {
        statusCode: 403,
        statusDescription: 'Forbidden',
        headers: { 'cache-control': { value: 'no-store' } },
    };
}

async function isBarred(named) {
    if (!(await list.exists(named[1]))) {
        return false;
    }
    const since = parseInt(await list.get(named[1]), 10);
    // Written so that an entry that is no number bars, too.
    return !(parseInt(named[2], 10) >= since);
}

async function handler(event) {
    const judged = event.request.querystring.judged;
    if (!judged || judged.multiValue || typeof judged.value !== 'string') {
        return refused();
    }
    const names = judged.value.split('~');
    if (names.length > MOST) {
        return refused();
    }
    try {
        for (let i = 0; i < names.length; i++) {
            const named = NAMED.exec(names[i]);
            if (named === null || (await isBarred(named))) {
                return refused();
            }
        }
    } catch (fault) {
        return refused();
    }
    return event.request;
}
