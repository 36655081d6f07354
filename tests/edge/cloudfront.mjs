// The module that CloudFront gives its functions, as far as its documentation tells of key value stores.
const asked = (method, key) => {
    if (globalThis.store.fault === method) {
        throw new Error('the store cannot be asked');
    }
    return globalThis.store.entries.get(key);
};

export default {
    kvs: () => ({
        exists: async (key) => asked('exists', key) !== undefined,
        get: async (key) => {
            const value = asked('get', key);
            if (value === undefined) {
                throw new Error('KeyNotFound');
            }
            return value;
        },
    }),
};
