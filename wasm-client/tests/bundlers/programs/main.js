import { backend } from "./backend.js";

backend(process.env.DAEGEUM_URL).then((said) => console.log(JSON.stringify(said)));
