// Run once by the mongo image, in the database rostrum: a user who may do there what Rostrum needs, and nothing elsewhere.
db.createUser({
  user: 'rostrum',
  pwd: process.env.ROSTRUM_PASSWORD,
  roles: [{ role: 'readWrite', db: 'rostrum' }],
});
