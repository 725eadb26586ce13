// For instruction sets without a short way to turn LANES bytes into integers and back.

static inline integers load_bytes(const int8_t *from)
{
    integers values;
    for (int i = 0; i < LANES; i++)
        values[i] = from[i];
    return values;
}

static inline void store_bytes(int8_t *to, integers values) // of -128 to 127
{
    for (int i = 0; i < LANES; i++)
        to[i] = (int8_t)values[i];
}
